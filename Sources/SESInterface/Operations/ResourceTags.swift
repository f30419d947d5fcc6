internal import ControlPlane
internal import SESModel

/// Tags between requests, answers and resources.
enum ResourceTags {
    /// The `Tags` member of a request.
    static func tags(_ input: StructureValue) -> [ResourceTag] {
        (input.structures("Tags") ?? []).map { ResourceTag(key: $0.string("Key") ?? "", value: $0.string("Value") ?? "") }
    }

    static func value(_ tags: [ResourceTag]) -> Value {
        .list(
            tags.map { tag in
                var value = StructureValue(SESv2.tag)
                value["Key"] = .string(tag.key)
                value["Value"] = .string(tag.value)
                return .structure(value)
            })
    }
}
