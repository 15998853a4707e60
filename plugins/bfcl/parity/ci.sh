#!/usr/bin/env bash
# Fetches the official wheel, lets it speak, and compares: natively, then through the sandbox. Run from the repository's root with
# the folder for the files. COEVO is how to call the program, CARGO_TARGET_DIR where the host is built.
set -euo pipefail
folder=$1
wheel=bfcl-eval==2026.3.23
skip() { echo "BFCL parity is NOT checked: $*"; exit 0; }

python=
for candidate in python3.12 python3.13 "$HOME"/.pyenv/versions/3.12*/bin/python "$HOME"/.pyenv/versions/3.13*/bin/python python3; do
    if command -v "$candidate" >/dev/null && "$candidate" -c 'import ensurepip, venv' 2>/dev/null; then python=$candidate && break; fi
done
[ -n "$python" ] || skip "no Python with venv"
"$python" -m venv "$folder/venv" || skip "$python makes no virtual environment"
"$folder/venv/bin/pip" install -q --no-deps "$wheel" mpmath || skip "pip cannot fetch $wheel"
"$folder/venv/bin/pip" download -q --no-deps -d "$folder" "$wheel"
"$folder/venv/bin/python" plugins/bfcl/parity/dump.py "$folder/dump.jsonl"
${COEVO:-cargo run --locked --} env import bfcl "$folder"/bfcl_eval-*.whl --out "$folder/tasks"
mv "$folder/dump.jsonl" "$folder/tasks/"
(cd plugins && CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}/guests" cargo run --locked --quiet -p bfcl --example parity -- \
    "$folder/tasks/tasks.jsonl" "$folder/tasks/dump.jsonl")
# The official classes themselves, in the sandbox.
componentizer=componentize-py==0.25.1
if "$folder/venv/bin/pip" install -q "$componentizer"; then
    COEVO_COMPONENTIZE_PY="$folder/venv/bin/componentize-py" ${COEVO:-cargo run --locked --} env build plugins/bfcl/python --out "$folder/python"
    export COEVO_BFCL_PYTHON="$folder/python/bfcl-python.wasm"
else
    echo "the official classes in the sandbox are NOT checked: pip cannot fetch $componentizer"
fi
COEVO_BFCL="$folder/tasks" cargo test --workspace --locked --test host bfcl -- --nocapture
