import CRdKafka

extension KafkaCluster {
    /// Makes a topic.
    ///
    /// - Throws: ``KafkaError``; ``KafkaError/isTopicExists`` when somebody was quicker.
    package func createTopic(_ name: String, partitions: Int, replicas: Int, properties: [String: String]) async throws {
        try await self.administer("make the topic \(name)", RD_KAFKA_ADMIN_OP_CREATETOPICS) { handle, options, queue in
            var reason = [CChar](repeating: 0, count: 512)
            guard let made = rd_kafka_NewTopic_new(name, Int32(partitions), Int32(replicas), &reason, reason.count) else {
                throw KafkaError(configuration: "the topic \(name) cannot be made with \(partitions) partitions")
            }
            defer { rd_kafka_NewTopic_destroy(made) }
            for (property, value) in properties { rd_kafka_NewTopic_set_config(made, property, value) }
            var topic: OpaquePointer? = made
            rd_kafka_CreateTopics(handle, &topic, 1, options, queue)
        } result: { event in
            var count = 0
            guard let results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count), count == 1 else { return }
            let code = rd_kafka_topic_result_error(results[0])
            guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
                // What a broker adds says which property it refuses, or how many brokers it has.
                let detail = rd_kafka_topic_result_error_string(results[0]).map { ": \(String(cString: $0))" } ?? ""
                throw KafkaError(code, message: "make the topic \(name): \(String(cString: rd_kafka_err2str(code)))\(detail)")
            }
        }
    }

    /// The settings in force of topics, by their names.
    ///
    /// - Throws: ``KafkaError``; ``KafkaError/isUnsupported`` or ``KafkaError/isUnanswered`` where brokers cannot tell.
    package func settings(ofTopics names: [String]) async throws -> [String: [String: String]] {
        guard !names.isEmpty else { return [:] }
        return try await self.administer("ask for the settings of topics", RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS) { handle, options, queue in
            var resources = names.map { rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, $0) }
            defer { resources.forEach { rd_kafka_ConfigResource_destroy($0) } }
            rd_kafka_DescribeConfigs(handle, &resources, resources.count, options, queue)
        } result: { event in
            var count = 0
            guard let results = rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event), &count) else { return [:] }
            var topics: [String: [String: String]] = [:]
            for index in 0..<count {
                guard let name = rd_kafka_ConfigResource_name(results[index]) else { continue }
                let code = rd_kafka_ConfigResource_error(results[index])
                guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
                    throw KafkaError(code, doing: "ask for the settings of the topic \(String(cString: name))")
                }
                var entryCount = 0
                guard let entries = rd_kafka_ConfigResource_configs(results[index], &entryCount) else { continue }
                var settings: [String: String] = [:]
                for entry in 0..<entryCount {
                    guard let key = rd_kafka_ConfigEntry_name(entries[entry]), let value = rd_kafka_ConfigEntry_value(entries[entry]) else {
                        continue
                    }
                    settings[String(cString: key)] = String(cString: value)
                }
                topics[String(cString: name)] = settings
            }
            return topics
        }
    }

    /// Deletes groups that have no members, and their offsets with them.
    ///
    /// - Throws: ``KafkaError``, of the first group that could not be deleted; others may be gone.
    package func deleteGroups(_ names: [String]) async throws {
        guard !names.isEmpty else { return }
        try await self.administer("delete groups", RD_KAFKA_ADMIN_OP_DELETEGROUPS) { handle, options, queue in
            var groups = names.map { rd_kafka_DeleteGroup_new($0) }
            defer { groups.forEach { rd_kafka_DeleteGroup_destroy($0) } }
            rd_kafka_DeleteGroups(handle, &groups, groups.count, options, queue)
        } result: { event in
            var count = 0
            guard let results = rd_kafka_DeleteGroups_result_groups(rd_kafka_event_DeleteGroups_result(event), &count) else { return }
            for index in 0..<count {
                guard let error = rd_kafka_group_result_error(results[index]) else { continue }
                let name = rd_kafka_group_result_name(results[index]).map { String(cString: $0) } ?? ""
                throw KafkaError(rd_kafka_error_code(error), doing: "delete the group \(name)")
            }
        }
    }

    /// Deletes the records below offsets.
    ///
    /// - Returns: the offset of the oldest record that is left, for partitions where it was done.
    /// - Throws: ``KafkaError``; ``KafkaError/isUnsupported`` where brokers cannot do it.
    @discardableResult
    package func deleteRecords(below offsets: [KafkaPartition: Int64]) async throws -> [KafkaPartition: Int64] {
        guard !offsets.isEmpty else { return [:] }
        return try await self.administer("delete records", RD_KAFKA_ADMIN_OP_DELETERECORDS) { handle, options, queue in
            let list = KafkaPartitionList(offsets: offsets)
            var request = rd_kafka_DeleteRecords_new(list.pointer)
            defer { rd_kafka_DeleteRecords_destroy(request) }
            rd_kafka_DeleteRecords(handle, &request, 1, options, queue)
        } result: { event in
            guard let list = rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event)) else { return [:] }
            for index in 0..<Int(list.pointee.cnt) {
                let element = list.pointee.elems[index]
                guard element.err == RD_KAFKA_RESP_ERR_NO_ERROR else {
                    throw KafkaError(element.err, doing: "delete records of \(String(cString: element.topic))/\(element.partition)")
                }
            }
            return KafkaPartitionList.read(list)
        }
    }

    /// One administrative request and its answer.
    private func administer<Value: Sendable>(
        _ action: String, _ operation: rd_kafka_admin_op_t,
        _ request: @escaping @Sendable (_ handle: OpaquePointer, _ options: OpaquePointer?, _ queue: OpaquePointer?) throws -> Void,
        result: @escaping @Sendable (_ event: OpaquePointer) throws -> Value
    ) async throws -> Value {
        try await self.withHandle(group: nil) { handle in
            var reason = [CChar](repeating: 0, count: 512)
            let queue = rd_kafka_queue_new(handle)
            defer { rd_kafka_queue_destroy(queue) }
            let options = rd_kafka_AdminOptions_new(handle, operation)
            defer { rd_kafka_AdminOptions_destroy(options) }
            rd_kafka_AdminOptions_set_request_timeout(options, self.timeout, &reason, reason.count)
            try request(handle, options, queue)
            // The library answers within its own limit; ours only has to be longer.
            guard let event = rd_kafka_queue_poll(queue, Int32(clamping: Int64(self.timeout) * 2)) else {
                throw KafkaError(RD_KAFKA_RESP_ERR__TIMED_OUT, doing: action)
            }
            defer { rd_kafka_event_destroy(event) }
            let code = rd_kafka_event_error(event)
            guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(code, doing: action) }
            return try result(event)
        }
    }
}
