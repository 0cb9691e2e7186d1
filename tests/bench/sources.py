# SPDX-License-Identifier: GPL-3.0-or-later
"""The images that are measured.  Made once, then kept in the folder of the bench."""
import hashlib
import os
import random
import re
import shutil
import subprocess

CLUSTER = 4096


def copy_tree(source, target, wanted):
    """Copies regular files of a tree until there are enough; (files, bytes) copied."""
    files = size = 0
    for folder, folders, names in os.walk(source):
        folders.sort()
        to = target / os.path.relpath(folder, source)
        for name in sorted(names):
            path = os.path.join(folder, name)
            if os.path.islink(path) or not os.path.isfile(path) or not os.access(path, os.R_OK):
                continue
            length = os.path.getsize(path)
            if length > 200_000_000 or len(name.encode()) > 200 or \
                    size + length > 1.2 * wanted["bytes"]:
                continue
            to.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, to / name)
            files, size = files + 1, size + length
            if files >= wanted["files"] and size >= wanted["bytes"]:
                return files, size
            # Not one kind of file alone: leave the small ones when there are enough of them.
            if files >= 2 * wanted["files"]:
                return files, size
    return files, size


def generate(target, files, size, wanted):
    """Fills up with files that no other file equals and that compress about as programs do."""
    rng, block = random.Random(1), None
    words = [bytes(rng.randbytes(rng.randrange(3, 12))) for _ in range(3000)]
    while files < wanted["files"] or size < wanted["bytes"]:
        missing = max(1, wanted["files"] - files)
        length = min(50_000_000, max(2000, (wanted["bytes"] - size) // missing))
        length = rng.randrange(length // 2, length * 2)
        if files % 50 == 0 or block is None or len(block) < length:
            block = b"".join(rng.choices(words, k=max(length, 100_000) // 6))
        start = rng.randrange(max(1, len(block) - length))
        data = f"file {files}\n".encode() + block[start:start + length]
        folder = target / "generated" / f"{files // 200:04}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"made {files:06}.bin").write_bytes(data)
        files, size = files + 1, size + len(data)
    return files, size


def captured(image, wanted, how, from_usr=True):
    """A WIM of so many files and bytes; `how` are options of wimlib-imagex capture."""
    if image.is_file():
        return image
    tree = image.parent / f"{image.name}.tree"
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir(parents=True)
    print(f"making {image.name}: the tree ...", flush=True)
    files, size = copy_tree("/usr", tree / "usr", wanted) if from_usr else (0, 0)
    files, size = generate(tree, files, size, wanted)
    print(f"making {image.name}: capturing {files} files, {size / 1e9:.2f} GB ...", flush=True)
    part = image.with_name(image.name + ".part")
    subprocess.run(["wimlib-imagex", "capture", tree, part, "bench", "--norpfix", *how],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    shutil.rmtree(tree)
    part.rename(image)
    return image


def noise(image, size):
    """A raw image without holes, that nothing compresses."""
    if not image.is_file() or image.stat().st_size != size:
        print(f"making {image.name}: {size / 1e9:.2f} GB ...", flush=True)
        part = image.with_name(image.name + ".part")
        with open(part, "wb") as out:
            for at in range(0, size, 1 << 20):
                out.write(os.urandom(min(1 << 20, size - at)))
        part.rename(image)
    return image


def sha256(image):
    """Kept beside the image for as long as it is younger."""
    kept = image.with_name(image.name + ".hash")
    if not kept.is_file() or kept.stat().st_mtime < image.stat().st_mtime:
        with open(image, "rb") as f:
            kept.write_text(hashlib.file_digest(f, "sha256").hexdigest())
    return kept.read_text()


def least_bytes(image):
    """File data, and the image's compressed bytes of it, both rounded up to clusters, as
    wimlib-imagex tells them.  Hard links count once."""
    least, seen, linked = {"plain": 0, "compact": 0}, set(), False
    fields = {"Uncompressed size": "plain", "Compressed size": "compact"}
    with subprocess.Popen(["wimlib-imagex", "dir", image, "--detailed"], text=True,
                          errors="replace", stdout=subprocess.PIPE) as process:
        for line in process.stdout:  # never all at once: it is long
            name, _, value = (part.strip() for part in line.partition("="))
            if name == "Link Group ID":
                linked = int(value, 16) != 0 and value in seen
                seen.add(value)
            elif name in fields and not linked:
                size = int(value.split()[0])
                least[fields[name]] += -(-size // CLUSTER) * CLUSTER
    return least


def counts(image):
    """Files and bytes in an image, as wimlib-imagex tells them."""
    text = subprocess.run(["wimlib-imagex", "info", image], check=True, capture_output=True,
                          text=True).stdout
    number = lambda what: int(re.search(what + r":\s+(\d+)", text)[1])
    return {"files": number("File Count"), "content": number("Total Bytes")}
