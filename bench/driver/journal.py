"""What a run has measured so far, a line each: whatever ends it, another can go on from there."""
import hashlib
import json
from dataclasses import fields

from measure import Sample

FORMAT = 1
SAME = {"machine_id": "machine", "commit": "commit", "programs": "built programs"}


def place(output):
    return output.with_suffix(".journal.jsonl")


def set_aside(file):
    """Where an interrupted run is kept when another begins that was not asked to go on with it; None: there was none."""
    kept = file.with_suffix(".before")
    return file.replace(kept) if file.exists() else None


def fingerprint(folder, names):
    """Which programs were built: a commit "with changes" says too little."""
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest()[:16]
            for name in sorted(set(names)) if (folder / name).exists()}


class Journal:
    """Begins with what was asked for; each sample is in the file before the next is measured."""

    def __init__(self, file, header, samples=()):
        self.file = file
        file.parent.mkdir(parents=True, exist_ok=True)
        whole = file.with_suffix(".new")  # samples may be what the file has: it stays until they are in the next one
        self._stream = open(whole, "w", encoding="utf-8")
        self._write({"journal": FORMAT, **header})
        for sample in samples:
            self.add(sample)
        whole.replace(file)

    def _write(self, entry):
        self._stream.write(json.dumps(entry, ensure_ascii=False) + "\n")
        self._stream.flush()

    def add(self, sample):
        self._write(vars(sample))

    def close(self, complete):
        self._stream.close()
        if complete:
            self.file.unlink()


def read(file):
    """(header, samples). A last line that was cut off is left out."""
    try:
        header, *lines = file.read_text(encoding="utf-8").splitlines()
        header = json.loads(header)
        if header["journal"] != FORMAT:
            raise ValueError
    except OSError:
        raise SystemExit(f"nothing to go on with: there is no {file.name}") from None
    except (ValueError, KeyError, TypeError):
        raise SystemExit(f"{file.name} is no journal of scripts/bench") from None
    return header, _samples(lines)


def _samples(lines):
    known, samples = {field.name for field in fields(Sample)}, []
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:
            break
        samples.append(Sample(**{key: entry[key] for key in known}))
    return samples


def differences(header, now):
    """Why the two halves would not belong together."""
    return [f"another {name} ({_short(header[key])}, now {_short(now[key])})" if key != "programs"
            else f"other {name}" for key, name in SAME.items() if header[key] != now[key]]


def _short(text):
    return text or "unknown"
