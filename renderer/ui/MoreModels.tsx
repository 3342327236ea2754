/** How to get other models: the one plain sentence, the same wherever it stands. */
export const MoreModels = () => (
  <p className="more-models">
    For people, animals and places, download the checkpoint of a bigger model such as AMD Hummingbird and run{" "}
    <code className="mono">plume models install FILE</code>.
  </p>
);
