import "./computer-chip.css";
import { Cpu, RotateCcw } from "lucide-react";
import { Popover } from "radix-ui";
import { useEffect, useRef, useState } from "react";
import { type Computer, type PlannerSettings, PROCESSOR_ONLY, type SystemInfo } from "../../core/contract/index.ts";
import { deviceWords } from "../plan/PlanLine.tsx";
import { attempt } from "../state/attempt.ts";
import { useStudio } from "../state/context.ts";
import { Button } from "../ui/Button.tsx";
import { formatMemory } from "../ui/format.ts";
import { SliderField } from "../ui/SliderField.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import { offProps } from "../ui/off.ts";

/** What this computer is; pressed, on what of it clips are made and how much memory they may take. */
export function ComputerChip({ system }: { readonly system: SystemInfo }) {
  return (
    <Popover.Root>
      <Popover.Trigger
        className="chip chip--button mono"
        title={`${system.cpu}, ${system.cores} cores, ${formatMemory(system.totalMemoryBytes)} of memory. Everything is made on this computer; press to choose with what.`}
      >
        <Cpu size={13} aria-hidden />
        CPU · {system.cores} cores · {formatMemory(system.freeMemoryBytes)} free
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          className="popover computer"
          side="bottom"
          align="end"
          sideOffset={6}
          collisionPadding={12}
          aria-label="What clips are made with"
        >
          <ComputerPanel />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

function ComputerPanel() {
  const { client, store } = useStudio();
  const [computer, setComputer] = useState<Computer | null>(null);
  const [isTrying, setTrying] = useState(false);
  useEffect(
    () => void attempt(store, async () => setComputer(await client.call("planner.computer", {}))),
    [client, store],
  );
  async function tryAgain(): Promise<void> {
    setTrying(true);
    await attempt(store, async () => setComputer(await client.call("planner.computer", { again: true })));
    setTrying(false);
  }
  const change = (part: Partial<PlannerSettings>) =>
    void attempt(store, async () => {
      setComputer(await client.call("planner.configure", part));
      store.setState(({ computerTurn }) => ({ computerTurn: computerTurn + 1 }));
    });
  if (computer === null)
    return (
      <output className="computer__trying">
        <Spinner /> Trying what of this computer can compute …
      </output>
    );
  const { devices, memory, settings } = computer;
  return (
    <>
      <h3>Clips are made on</h3>
      <div className="choices" role="radiogroup" aria-label="Device">
        <Choice
          name="Automatic"
          facts={`The processor, or what is clearly faster: now the ${deviceWords[devices.find(({ used }) => used)?.id ?? "cpu"]}`}
          isChosen={settings.device === "auto"}
          onChoose={() => change({ device: "auto" })}
        />
        {devices.map(({ id, name, works, reason, gflops }) => (
          <Choice
            key={id}
            name={name}
            facts={
              // The reason begins with the name.
              works ? speedWords(gflops) : (reason?.replace(`${name}: `, "") ?? "")
            }
            isChosen={settings.device === id}
            off={works ? null : (reason ?? `${name} does not work here.`)}
            onChoose={() => change({ device: id })}
          />
        ))}
      </div>
      <p className="computer__note">{PROCESSOR_ONLY}</p>
      <Button
        kind="quiet"
        icon={isTrying ? <Spinner size={12} /> : <RotateCcw size={13} aria-hidden />}
        off={isTrying ? "The devices are being tried: a moment, please." : null}
        onClick={() => void tryAgain()}
      >
        Try them all again
      </Button>
      <Memory memory={memory} own={settings.memoryBytes} onChange={change} />
    </>
  );
}

const GB = 1e9;
const REST_MS = 400;
/** Gigabytes, in halves. */
const inHalves = (bytes: number): number => Math.floor((bytes / GB) * 2) / 2;

const speedWords = (gflops: number | null): string =>
  gflops === null ? "Works" : `${gflops.toFixed(0)} GFLOP/s in a matrix product`;

function Memory({
  memory,
  own,
  onChange,
}: {
  readonly memory: Computer["memory"];
  readonly own: number | null;
  readonly onChange: (change: Partial<PlannerSettings>) => void;
}) {
  const [limit, setLimit] = useState(inHalves(memory.limit));
  const rest = useRef<ReturnType<typeof setTimeout>>(undefined);
  /** The limit holds once the hand rests. */
  function drag(value: number): void {
    setLimit(value);
    clearTimeout(rest.current);
    rest.current = setTimeout(() => onChange({ memoryBytes: Math.round(value * GB) }), REST_MS);
  }
  return (
    <div className="computer__memory">
      <SliderField
        label="Memory that models may take, GB"
        hint={`${formatMemory(memory.available)} could be had now${memory.held > 0 ? `; models hold ${formatMemory(memory.held)}` : ""}. What does not fit waits, or is refused with a reason.`}
        value={limit}
        min={0.5}
        max={inHalves(memory.total)}
        step={0.5}
        onChange={drag}
      />
      {own === null ? null : (
        <Button
          kind="quiet"
          onClick={() => {
            setLimit(inHalves(memory.usual));
            onChange({ memoryBytes: null });
          }}
        >
          As usual: {formatMemory(memory.usual)}
        </Button>
      )}
    </div>
  );
}

interface ChoiceProps {
  readonly name: string;
  readonly facts: string;
  readonly isChosen: boolean;
  /** Why it cannot be chosen; null: it can. */
  readonly off?: string | null;
  readonly onChoose: () => void;
}

const Choice = ({ name, facts, isChosen, off = null, onChoose }: ChoiceProps) => (
  <label className="choice" data-off={off !== null} title={off ?? undefined}>
    <input
      type="radio"
      name="device"
      className="visually-hidden"
      checked={isChosen}
      {...offProps(off)}
      onChange={() => {
        if (off === null) onChoose();
      }}
    />
    <span className="choice__title">{name}</span>
    <span className="choice__facts">{facts.charAt(0).toUpperCase() + facts.slice(1)}</span>
  </label>
);
