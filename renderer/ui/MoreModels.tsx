import { useStudio } from "../state/context.ts";

/** How to get other models: the one plain sentence, the same wherever it stands. */
export function MoreModels() {
  const { editUi } = useStudio();
  return (
    <p className="more-models">
      For people, animals and places, get a bigger model such as AMD Hummingbird{" "}
      <button type="button" className="more-models__go" onClick={() => editUi.setState({ workspace: "models" })}>
        in Models
      </button>
      .
    </p>
  );
}
