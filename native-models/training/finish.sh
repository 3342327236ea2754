#!/bin/sh
# Exports the trained weights, judges them, applies the gate and writes the shipped file, report and reference vectors.
# Usage: finish.sh OUT_DIR [clips a set].  Run it in this folder after the training stages.
set -e
W=$1 N=${2:-36} A=../../assets/models
mkdir -p "$W/final" golden
export OMP_NUM_THREADS=1
python3 export.py "$W" "$W/final/starter.ckpt" 128 1.0 10 3.0 0.5 all
setsid python3 judge.py model "$W/final/starter.ckpt" $A/judge "$W/sheets" seen 128 10 3.0 0.5 "$N" > "$W/eval-seen.log" 2>&1 &
setsid -w python3 judge.py model "$W/final/starter.ckpt" $A/judge "$W/sheets" held_out 128 10 3.0 0.5 "$N" > "$W/eval-held.log" 2>&1
wait
cp "$W/final/starter.ckpt" $A/starter.ckpt
python3 report.py "$W" "$W/sheets" $A/starter.ckpt report.json "$W/gate.json"
python3 export.py "$W" $A/starter.ckpt 128 1.0 10 3.0 0.5 "$W/gate.json"
python3 golden.py $A/starter.ckpt golden small
