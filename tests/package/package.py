"""Takes tenon into a project in each of the ways that it promises, builds a program there and runs it.

package.py path | single | subproject | installed | wraps
"""
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "guards"))
import amalgamate  # noqa: E402
import guard  # noqa: E402

HERE = Path(__file__).resolve().parent
COMPILER = guard.Compiler()
SAID = re.compile(r"tenon \d+\.\d+\.\d+ works here")
SKIP = 77


class Failure(Exception):
    pass


def run(*command, cwd=None, env=None, fails=False):
    """What the command printed; it must succeed, or fail when that is what is tried."""
    done = subprocess.run([str(word) for word in command], cwd=cwd, env={**os.environ, **(env or {})},
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    if (done.returncode != 0) != fails:
        raise Failure("%s: %s\n%s" % ("this should fail" if fails else "this fails",
                                      " ".join(map(str, command)), done.stdout))
    return done.stdout


def build(folder, flags):
    """Compiles smoke.cpp with nothing but these flags, and runs it."""
    program = Path(folder) / "smoke"
    run(*COMPILER.command, "-std=c++20", *guard.WARNINGS, HERE / "smoke.cpp", "-o", program, *flags)
    if not SAID.search(run(program)):
        raise Failure("the program does not say that it works")


def libraries():
    """What a program that encrypts is linked with, where it can encrypt."""
    asked = "#include <sodium.h>\n#if TENON_WITHOUT_SODIUM\n#error\n#endif\n"
    return ["-pthread"] if COMPILER.check(asked)[0] else ["-pthread", "-lsodium"]


def third_parties():
    """The flags for third parties that are not on the compiler's own path."""
    return [flag for flag in COMPILER.flags if not flag.startswith("-std=")]


def copy_project(to, with_git):
    """This project as a consumer's wrap would get it: the files that a build as a subproject needs."""
    to.mkdir(parents=True)
    for name in ("include", "subprojects"):
        shutil.copytree(guard.ROOT / name, to / name, ignore=shutil.ignore_patterns("packagecache", "*-[0-9]*"))
    for name in ("meson.build", "meson_options.txt", "LICENSE"):
        shutil.copy(guard.ROOT / name, to / name)
    if with_git:
        git = ["git", "-C", to, "-c", "user.name=test", "-c", "user.email=test@localhost", "-c", "commit.gpgsign=false"]
        run("git", "init", "-q", to)
        run(*git, "add", "-A")
        run(*git, "commit", "-q", "-m", "a checkout")
        return run(*git, "rev-parse", "HEAD").strip()
    return None


def consumer(folder):
    game = Path(folder) / "game"
    shutil.copytree(HERE / "consumer", game)
    shutil.copy(HERE / "smoke.cpp", game)
    (game / "subprojects").mkdir()
    return game


def meson_build(game, *options):
    run("meson", "setup", "build", *options, cwd=game, env={"CXX": " ".join(COMPILER.command)})
    run("meson", "test", "-C", "build", "--print-errorlogs", cwd=game)
    if not SAID.search(run(game / "build/smoke")):
        raise Failure("the program does not say that it works")


def by_path(folder):
    """One -I and nothing else."""
    build(folder, ["-I", guard.ROOT / "include", *third_parties(), *libraries()])


def by_single(folder):
    """The generated header alone in its folder."""
    single = Path(folder) / "alone"
    single.mkdir()
    refusal = amalgamate.main(guard.ROOT / "include", "tenon.hpp", single / "tenon.hpp")
    if refusal:
        raise Failure(refusal)
    build(folder, ["-I", single, *third_parties(), *libraries()])


def by_subproject(folder):
    """A wrap that clones the checkout, or, where git is not there, a folder in subprojects/."""
    game = consumer(folder)
    if shutil.which("git"):
        origin = Path(folder) / "origin"
        revision = copy_project(origin, True)
        (game / "subprojects/tenon.wrap").write_text(
            "[wrap-git]\nurl = file://%s\nrevision = %s\n\n[provide]\n"
            "dependency_names = tenon, tenon-compressed, tenon-websocket, "
            "tenon-tls\n" % (origin, revision))
    else:
        copy_project(game / "subprojects/tenon", False)
    meson_build(game)
    run("meson", "setup", "refused", "-Dwants=>=99", cwd=game, fails=True)


def by_install(folder):
    """meson install, then what the pkg-config file says and nothing else."""
    origin, root = Path(folder) / "origin", Path(folder) / "root"
    copy_project(origin, False)
    off = ["-D%s=disabled" % part for part in ("tests", "examples", "bench")]
    off += [] if "-lsodium" in libraries() else ["-Dsodium=disabled"]
    run("meson", "setup", "build", "--prefix", "/usr", *off, cwd=origin, env={"CXX": " ".join(COMPILER.command)})
    run("meson", "install", "-C", "build", cwd=origin, env={"DESTDIR": str(root)})
    if not shutil.which("pkg-config"):
        print("pkg-config is not here")
        raise SystemExit(SKIP)
    place = {"PKG_CONFIG_PATH": str(root / "usr/share/pkgconfig"), "PKG_CONFIG_SYSROOT_DIR": str(root),
             "PKG_CONFIG_ALLOW_SYSTEM_CFLAGS": "1"}
    flags = run("pkg-config", "--cflags", "--libs", "tenon", env=place).split()
    if not any(flag.startswith("-I" + str(root)) for flag in flags):
        raise Failure("tenon.pc does not name the folder of the headers: " + " ".join(flags))
    if ("-lsodium" in flags) != ("-lsodium" in libraries()):
        raise Failure("tenon.pc does not say whether sessions encrypt here: " + " ".join(flags))
    build(folder, flags + third_parties())


# The archives that the wraps name, made from the system's own headers: name of the wrap, headers, where they go.
ARCHIVES = {
    "cereal": (["cereal"], "include", {}),
    "xxhash": (["xxhash.h", "xxh3.h"], ".", {
        "xxhash.c": "#define XXH_STATIC_LINKING_ONLY\n#define XXH_IMPLEMENTATION\n#include \"xxhash.h\"\n"}),
}
SYSTEM = Path("/usr/include")


def archive(project, name, folder):
    """Puts an archive of the system's headers into the package cache under the wrap's name and its own hash."""
    wrap = project / "subprojects" / (name + ".wrap")
    words = dict(re.findall(r"^(\w+) = (.*)$", wrap.read_text(), re.M))
    headers, place, extra = ARCHIVES[name]
    tree = Path(folder) / "archives" / words["directory"]
    for header in headers:
        source, target = SYSTEM / header, tree / place / header
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target)
        elif source.exists():
            shutil.copy(source, target)
    for file, content in extra.items():
        (tree / file).write_text(content)
    cache = project / "subprojects/packagecache"
    cache.mkdir(exist_ok=True)
    packed = cache / words["source_filename"]
    with tarfile.open(packed, "w:gz") as tar:
        tar.add(tree, words["directory"])
    digest = hashlib.sha256(packed.read_bytes()).hexdigest()
    if words["source_hash"] == digest or len(words["source_hash"]) != 64:
        raise Failure(name + ".wrap does not pin its archive by its SHA-256")
    wrap.write_text(wrap.read_text().replace(words["source_hash"], digest))


def by_wraps(folder):
    """Every third party from its wrap, also the game's through tenon; no network, and no system header is asked.

    The archives are made here from the system's headers, so this tries the wraps, their names and our overlays, not
    the downloads.
    """
    lacking = [h for headers, _, _ in ARCHIVES.values() for h in headers[:1] if not (SYSTEM / h).exists()]
    if lacking:
        print("not in %s: %s" % (SYSTEM, " ".join(lacking)))
        raise SystemExit(SKIP)
    game = consumer(folder)
    project = game / "subprojects/tenon"
    copy_project(project, False)
    for name in ARCHIVES:
        archive(project, name, folder)
    # A wrap of a subproject finds its archive in the cache of the whole.
    shutil.move(project / "subprojects/packagecache", game / "subprojects/packagecache")
    meson_build(game, "--wrap-mode=forcefallback")
    log = guard.text(game / "build/meson-logs/meson-log.txt")
    for name in ("cereal", "xxhash"):
        if "Executing subproject tenon:%s" % name not in log:
            raise Failure("%s did not come from its wrap" % name)
    # The same without the cache must fail, or the wraps were not what was used.
    shutil.rmtree(game / "subprojects/packagecache")
    for unpacked in (game / "subprojects").glob("*-[0-9]*"):
        shutil.rmtree(unpacked)
    run("meson", "setup", "refused", "--wrap-mode=nodownload", "--force-fallback-for=cereal,libxxhash",
        cwd=game, fails=True)


WAYS = {"path": by_path, "single": by_single, "subproject": by_subproject, "installed": by_install, "wraps": by_wraps}


def main(way):
    with tempfile.TemporaryDirectory() as folder:
        try:
            WAYS[way](folder)
        except Failure as failure:
            print(failure)
            print("0 passed, 1 failed")
            return 1
    print("1 passed, 0 failed")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
