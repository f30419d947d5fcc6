#!/usr/bin/env python3
"""`make check`: what can be seen without building, in a few seconds and without a network.

Each check is a function that yields findings, `file:line: what is wrong`. One that cannot run here (no swift, no protoc)
says why and is counted as skipped, never as passed.
"""

import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
IMPORT = re.compile(
    r"^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:package|public|internal|fileprivate|private)\s+)?"
    r"import\s+(?:(?:struct|class|enum|protocol|typealias|func|let|var)\s+)?(\w+)"
)
TEXT_SUFFIXES = {
    ".swift", ".h", ".modulemap", ".proto", ".md", ".py", ".sh", ".json", ".yml", ".yaml", ".lua", ".cf", ".zone", ".conf", "",
}
GENERATED = ".pb.swift"


class Skipped(Exception):
    """The check cannot run on this machine; its text says why."""


def repository_files():
    """Every file of the repository as git sees it: committed, or new and not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, check=False
    )
    if listed.returncode == 0:
        names = [name for name in listed.stdout.decode().split("\0") if name]
    else:  # an unpacked archive
        names = [
            str(path.relative_to(ROOT)) for path in ROOT.rglob("*")
            if path.is_file() and not any(part.startswith(".build") or part == ".git" for part in path.relative_to(ROOT).parts)
        ]
    return sorted(ROOT / name for name in names if (ROOT / name).is_file())


def swift_targets():
    """Name → folder of every target with sources outside Tests/."""
    folders = {folder.name: folder for folder in (ROOT / "Sources").iterdir() if folder.is_dir()}
    loadtest = ROOT / "loadtest" / "Sources"
    if loadtest.is_dir():
        folders.update({folder.name: folder for folder in loadtest.iterdir() if folder.is_dir()})
    return folders


def imports(folder):
    """(file, line, module) for every import below a folder."""
    for path in sorted(folder.rglob("*.swift")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if "import" in line and (match := IMPORT.match(line)):
                yield path, number, match[1]


def place(path, line):
    return f"{path.relative_to(ROOT)}:{line}"


def check_layers():
    """A target imports only from lower layers; layer 1 no Foundation and no sockets; a C module has one importer."""
    table = json.loads((ROOT / "scripts" / "layers.json").read_text())
    layers, arrows = table["layers"], table["arrows_inside_a_layer"]
    only_from = table["only_imported_from"]
    targets = swift_targets()
    for name, folder in sorted(targets.items()):
        if name in table["only_imported_from_tests"]:
            continue
        if not any(folder.rglob("*.swift")) and not any(folder.rglob("*.modulemap")):
            continue
        if name not in layers:
            yield f"{folder.relative_to(ROOT)}: target has no layer in scripts/layers.json"
            continue
        for path, line, module in imports(folder):
            if module in table["only_imported_from_tests"]:
                yield f"{place(path, line)}: {module} is for Tests/ only"
            elif module in only_from and name not in only_from[module]:
                yield f"{place(path, line)}: {module} may only be imported by {', '.join(only_from[module])}"
            elif layers[name] == 1 and module in table["layer_1_may_not_import"]:
                yield f"{place(path, line)}: layer 1 imports neither Foundation nor sockets, here {module}"
            elif module in layers and module != name:
                same_layer_allowed = layers[module] == layers[name] and module in arrows.get(name, [])
                if layers[module] >= layers[name] and not same_layer_allowed:
                    yield (f"{place(path, line)}: {name} (layer {layers[name]}) imports {module} (layer {layers[module]}); "
                           "only lower layers, and the arrows in scripts/layers.json")
    yield from manifest_dependencies(table)


TARGET = re.compile(r"\.(?:target|executableTarget)\(\s*name:\s*\"([^\"]+)\"")


def manifest_targets():
    """(name, dependencies named by string, line) of every non-test target, read from the manifest's text: asking swift takes
    seconds, and there may be none."""
    text = (ROOT / "Package.swift").read_text(encoding="utf-8")
    for match in TARGET.finditer(text):
        depth, position = 1, match.end()
        while depth and position < len(text):
            depth += {"(": 1, ")": -1}.get(text[position], 0)
            position += 1
        declared = re.search(r"dependencies:\s*\[", text[match.end():position])
        names = []
        if declared:
            start = match.end() + declared.end()
            depth, end = 1, start
            while depth and end < position:
                depth += {"[": 1, "]": -1}.get(text[end], 0)
                end += 1
            body = re.sub(r"\.product\([^)]*\)", "", text[start:end])
            names = re.findall(r"\"([^\"]+)\"", body)
        yield match[1], names, text.count("\n", 0, match.start()) + 1


def manifest_dependencies(table):
    """The same rule for what the manifest declares, which an unused dependency would escape."""
    layers, arrows = table["layers"], table["arrows_inside_a_layer"]
    for name, dependencies, line in manifest_targets():
        if name not in layers:
            continue
        for other in dependencies:
            if other in table["only_imported_from_tests"]:
                yield f"Package.swift:{line}: {name} depends on {other}, which is for Tests/"
            if other in layers and layers[other] >= layers[name] and other not in arrows.get(name, []):
                yield f"Package.swift:{line}: {name} (layer {layers[name]}) depends on {other} (layer {layers[other]})"


# Spelled in two halves, so that this file does not find itself.
UNFINISHED = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "X" + "XX"]) + r")\b(?!-)")
NOT_REAL = re.compile(r"\b(" + "|".join(["place" + "holder", "st" + "ub"]) + r"s?\b)(?! resolver)", re.IGNORECASE)
# Paths of somebody's machine; /home and the like in prose about an installation are written with a leading $ or ~.
MACHINE_PATH = re.compile(r"(?<![\w.$~/*:-])/(?:" + "|".join(["wo" + "rk", "ro" + "ot", "ho" + "me", "Us" + "ers"]) + r")/\w")
NAMES_OF_TYPES = re.compile(r"^\s*(?:package |public |private |fileprivate |final |indirect )*"
                            r"(?:struct|class|enum|actor|protocol|typealias)\s+(\w*(?:Manager|Helper|Utils|Util))\b")


def check_wording():
    """Nothing unfinished, no machine's paths, no names that say nothing."""
    for path in repository_files():
        name = str(path.relative_to(ROOT))
        if path.suffix not in TEXT_SUFFIXES or name.endswith(GENERATED) or name == "LICENSE" or "/Fixtures/" in name:
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if found := UNFINISHED.search(line):
                yield f"{place(path, number)}: unfinished: {found[0]}"
            if found := NOT_REAL.search(line):
                yield f"{place(path, number)}: '{found[0]}': finish it, or name it for what it is"
            if found := MACHINE_PATH.search(line):
                yield f"{place(path, number)}: a path of one machine: {line[found.start():found.start() + 30].strip()}"
            if path.suffix == ".swift" and (found := NAMES_OF_TYPES.match(line)):
                yield f"{place(path, number)}: {found[1]}: the name says nothing about the thing"


def check_swift_sources():
    """House rules a compiler does not know: no @testable, no public, no unstructured tasks in Sources."""
    for name, folder in sorted(swift_targets().items()):
        for path in sorted(folder.rglob("*.swift")):
            if path.name.endswith(GENERATED):
                continue
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                code = line.split("//", 1)[0]
                if re.search(r"^\s*(?:@\w+\s+)*(?:public|open)\s+(?:final |static |class |nonisolated )*"
                             r"(?:struct|class|enum|actor|protocol|extension|typealias|func|var|let|init|subscript)\b", code):
                    yield f"{place(path, number)}: access between targets is package, not public"
                if re.search(r"\bTask\.detached\b", code):
                    yield f"{place(path, number)}: no detached tasks: a Service's run() owns its tasks"
                if "fatalError(" in code and "Fuzz" not in name:
                    yield f"{place(path, number)}: fatalError: use precondition for a broken invariant, an error for input"
    for path in sorted((ROOT / "Tests").rglob("*.swift")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if line.lstrip().startswith("@testable"):
                yield f"{place(path, number)}: @testable does not build with -c release"
    largest = 1_000
    for folder in swift_targets().values():
        for path in sorted(folder.rglob("*.swift")):
            lines = path.read_text(encoding="utf-8").count("\n")
            if lines > largest and not path.name.endswith(GENERATED):
                yield f"{path.relative_to(ROOT)}: {lines} lines; one type per file, look again above 400"


def formatted_files():
    folders = [ROOT / "Sources", ROOT / "Tests", ROOT / "Fuzz", ROOT / "loadtest", ROOT / "bench"]
    files = [ROOT / "Package.swift"]
    for folder in folders:
        files += sorted(path for path in folder.rglob("*.swift") if not path.name.endswith(GENERATED))
    return [str(path) for path in files if path.exists()]


def swift_format(*arguments):
    if not shutil.which("swift"):
        raise Skipped("no swift here")
    files = formatted_files()
    result = subprocess.run(
        ["swift", "format", *arguments, "--parallel", "--configuration", str(ROOT / ".swift-format"), *files],
        cwd=ROOT, capture_output=True, text=True, errors="replace", check=False,
    )
    if "unable to invoke subcommand" in result.stderr or "unknown subcommand" in result.stderr:
        raise Skipped("this toolchain has no swift format")
    return result


FORMAT_FINDING = re.compile(r"(?P<file>[^:]+):(?P<line>\d+):\d+: (?:warning|error): \[(?P<rule>\w+)\]")


def check_format():
    """Swift sources as .swift-format wants them; `make format` rewrites them."""
    result = swift_format("lint", "--strict")
    by_file = collections.defaultdict(list)
    for line in (result.stdout + result.stderr).splitlines():
        if match := FORMAT_FINDING.match(line.replace(f"{ROOT}/", "")):
            by_file[match["file"]].append(match)
    for file, findings in sorted(by_file.items()):
        # The formatter repairs all but long lines: those are named one by one.
        long = [match["line"] for match in findings if match["rule"] == "LineLength"]
        others = collections.Counter(match["rule"] for match in findings if match["rule"] != "LineLength")
        if others:
            yield f"{file}: {', '.join(f'{rule} {count}' for rule, count in others.items())}; make format repairs it"
        # In tests a long line is a vector or a message, which reads best whole.
        for line in () if file.startswith("Tests/") else long:
            yield f"{file}:{line}: line is too long"
    if result.returncode not in (0, 1):
        yield f"swift format lint: exit {result.returncode}"


def check_protobuf():
    """The committed .pb.swift files are what protoc makes of protos/ now."""
    generated = ROOT / "Sources" / "ApusSchema" / "Generated"
    protos = sorted((ROOT / "protos").rglob("*.proto"))
    if not protos:
        return
    for proto in protos:
        if not (generated / (proto.stem + GENERATED)).exists():
            yield f"{proto.relative_to(ROOT)}: nothing generated from it; run scripts/generate-protobuf.sh"
    plugin = os.environ.get("PROTOC_GEN_SWIFT") or shutil.which("protoc-gen-swift")
    if not plugin or not shutil.which("protoc"):
        raise Skipped("protoc and protoc-gen-swift are not both here: generated files were not compared")
    with tempfile.TemporaryDirectory() as folder:
        made = subprocess.run(
            [str(ROOT / "scripts" / "generate-protobuf.sh"), folder], cwd=ROOT, capture_output=True, text=True, check=False,
            env={**os.environ, "PROTOC_GEN_SWIFT": plugin},
        )
        if made.returncode != 0:
            yield "protoc failed: " + made.stderr.strip()[-400:]
            return
        new = {path.name: path.read_bytes() for path in pathlib.Path(folder).rglob("*" + GENERATED)}
        old = {path.name: path.read_bytes() for path in generated.glob("*" + GENERATED)}
        for name in sorted(new.keys() | old.keys()):
            if new.get(name) != old.get(name):
                yield f"Sources/ApusSchema/Generated/{name}: not what protos/ gives; run scripts/generate-protobuf.sh"


def check_reference():
    """docs/reference/*.md that are generated say what the built program says."""
    binary = ROOT / ".build" / "release" / "apus"
    pages = {"settings.md": ["settings"]}
    if not binary.exists():
        raise Skipped("apus is not built: the reference pages were not compared")
    sources = max((path.stat().st_mtime for folder in swift_targets().values() for path in folder.rglob("*.swift")), default=0)
    if sources > binary.stat().st_mtime:
        raise Skipped("apus is older than its sources: run make build, then make check")
    for page, command in pages.items():
        path = ROOT / "docs" / "reference" / page
        printed = subprocess.run([str(binary), *command], capture_output=True, check=False, timeout=30)
        if printed.returncode != 0:
            yield f"apus {' '.join(command)}: exit {printed.returncode}"
        elif not path.exists():
            yield f"docs/reference/{page}: missing; write it by: apus {' '.join(command)} > docs/reference/{page}"
        elif path.read_bytes() != printed.stdout:
            yield f"docs/reference/{page}: not what the program prints; write it by: apus {' '.join(command)} > docs/reference/{page}"


LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")


def check_links():
    """Links between the documents lead somewhere."""
    for path in repository_files():
        if path.suffix != ".md":
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            for target in LINK.findall(line):
                if "://" not in target and not target.startswith("mailto:") and not (path.parent / target).exists():
                    yield f"{place(path, number)}: no such file: {target}"


def check_scripts():
    """Shell and Python files at least parse."""
    for path in repository_files():
        first = path.open("rb").readline() if path.suffix in (".sh", ".py", "") else b""
        if path.suffix == ".sh" or (path.suffix == "" and b"bash" in first and first.startswith(b"#!")):
            parsed = subprocess.run(["bash", "-n", str(path)], capture_output=True, text=True, check=False)
            if parsed.returncode != 0:
                yield parsed.stderr.strip().replace(f"{ROOT}/", "")
        elif path.suffix == ".py":
            try:
                compile(path.read_bytes(), str(path.relative_to(ROOT)), "exec")
            except SyntaxError as error:
                yield f"{path.relative_to(ROOT)}:{error.lineno}: {error.msg}"


CHECKS = {
    "layers": check_layers,
    "wording": check_wording,
    "sources": check_swift_sources,
    "format": check_format,
    "protobuf": check_protobuf,
    "reference": check_reference,
    "links": check_links,
    "scripts": check_scripts,
}


def run(name):
    started, findings, note = time.monotonic(), [], None
    try:
        for finding in CHECKS[name]():
            findings.append(finding)
    except Skipped as skipped:
        note = str(skipped)
    return name, findings, note, time.monotonic() - started


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checks", nargs="*", metavar="CHECK", help="only these: " + ", ".join(CHECKS))
    parser.add_argument("--format", action="store_true", help="rewrite the Swift sources instead of checking")
    arguments = parser.parse_args()
    if unknown := [name for name in arguments.checks if name not in CHECKS]:
        parser.error(f"no such check: {', '.join(unknown)}")
    if arguments.format:
        result = swift_format("format", "--in-place")
        print(result.stderr, end="", file=sys.stderr)
        return result.returncode
    failed = 0
    with concurrent.futures.ThreadPoolExecutor() as pool:
        for name, findings, note, seconds in pool.map(run, arguments.checks or list(CHECKS)):
            verdict = f"{len(findings)} finding{'s' if len(findings) != 1 else ''}" if findings else "skipped" if note else "ok"
            print(f"check {name:<10} {seconds:5.1f} s  {verdict}{': ' + note if note else ''}")
            for finding in findings[:200]:
                print(f"    {finding}")
            if len(findings) > 200:
                print(f"    … and {len(findings) - 200} more")
            failed += bool(findings)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
