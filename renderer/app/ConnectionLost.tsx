import { Spinner } from "../ui/Spinner.tsx";

export const ConnectionLost = ({ ended }: { readonly ended: boolean }) => (
  <div className="connection-lost" role="alert">
    {ended ? null : <Spinner />}
    {ended
      ? "Plume Studio was closed. Start it again; your prompt and your clips are kept."
      : "Waiting for Plume Studio to answer … Your prompt and your clips are kept."}
  </div>
);
