#!/bin/sh
# Exports the trained weights, judges them, applies the gate and writes the shipped file, report and reference vectors.
# Usage: finish.sh OUT_DIR VERSION [clips a set, guidance, steps].  Run it in this folder after the training stages.
# Nothing of the repository is touched before both sets are judged; PYTHON names another interpreter.
set -eu
W=$1 VERSION=$2 N=${3:-72} GUIDANCE=${4:-2.0} STEPS=${5:-10} A=../../assets/models
PY=${PYTHON:-python3}
export OMP_NUM_THREADS=1
mkdir -p "$W/final" "$W/sheets" golden
rm -f "$W/sheets/seen.json" "$W/sheets/held_out.json" "$W/gate.json"
$PY export.py "$W" "$W/final/starter.ckpt" 128 "$VERSION" "$STEPS" "$GUIDANCE" 0.5 all

judge() { $PY judge.py model "$W/final/starter.ckpt" $A/judge "$W/sheets" "$1" 128 "$STEPS" "$GUIDANCE" 0.5 "$N" > "$W/eval-$1.log" 2>&1; }
judge seen & SEEN=$!
judge held_out || { tail -5 "$W/eval-held_out.log"; exit 1; }
wait $SEEN || { tail -5 "$W/eval-seen.log"; exit 1; }

$PY report.py "$W" "$W/sheets" "$W/final/starter.ckpt" report.json "$W/gate.json"
$PY export.py "$W" "$W/final/starter.ckpt" 128 "$VERSION" "$STEPS" "$GUIDANCE" 0.5 "$W/gate.json"
$PY golden.py "$W/final/starter.ckpt" golden small
cp "$W/final/starter.ckpt" $A/starter.ckpt
