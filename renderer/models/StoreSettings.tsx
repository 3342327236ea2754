import "./settings.css";
import { useEffect, useState } from "react";
import type { ModelSettings, ModelSettingsState } from "../../core/contract/index.ts";
import { attempt } from "../state/attempt.ts";
import { useStudio } from "../state/context.ts";
import { Button } from "../ui/Button.tsx";
import { SliderField } from "../ui/SliderField.tsx";

const kept: Readonly<Record<ModelSettingsState["token"]["kept"], string>> = {
  none: "No token is set. Only files that the hub gives to those whom it knows need one.",
  session: "Kept until the studio is closed: this window has no keychain to keep it in.",
  keychain: "Kept in this computer’s keychain.",
  environment: "Taken from HF_TOKEN.",
};

const login: Readonly<Record<Exclude<ModelSettingsState["proxyLogin"], "none">, string>> = {
  session: "Its name and password are kept until the studio is closed: this window has no keychain to keep them in.",
  keychain: "Its name and password are kept in this computer’s keychain.",
};

/** How downloads travel. */
export function StoreSettings() {
  const { client, store } = useStudio();
  const [settings, setSettings] = useState<ModelSettingsState | null>(null);
  const [token, setToken] = useState("");
  useEffect(
    () => void attempt(store, async () => setSettings(await client.call("models.settings", {}))),
    [client, store],
  );
  if (settings === null) return null;
  const change = (part: Partial<ModelSettings>) =>
    void attempt(store, async () => setSettings(await client.call("models.configure", part)));
  const forgetLogin = () =>
    void attempt(store, async () => setSettings(await client.call("models.forgetProxyLogin", {})));
  const give = (value: string | null) =>
    void attempt(store, async () => {
      setSettings(await client.call("models.token", { token: value }));
      setToken("");
    });
  return (
    <section className="store-settings" aria-labelledby="store-settings">
      <h3 id="store-settings" className="models__section">
        Downloads
      </h3>
      <TextSetting
        key={`mirror ${settings.mirror}`}
        label="Mirror"
        hint="An address that takes the hub’s place"
        placeholder="https://huggingface.co"
        value={settings.mirror}
        onChange={(mirror) => change({ mirror })}
      />
      <TextSetting
        key={`proxy ${settings.proxy}`}
        label="Proxy"
        hint="Empty: what this computer says. With name and password: http://name:password@proxy:8080"
        placeholder="http://proxy:8080"
        value={settings.proxy}
        onChange={(proxy) => change({ proxy })}
      />
      {settings.proxyLogin === "none" ? null : (
        <p className="store-settings__hint store-settings__login">
          <span>{login[settings.proxyLogin]}</span>
          <Button onClick={forgetLogin}>Forget</Button>
        </p>
      )}
      <SliderField
        label="Connections for a file"
        min={1}
        max={8}
        value={settings.connections}
        onChange={(connections) => change({ connections })}
      />
      <label className="store-settings__check">
        <input
          type="checkbox"
          checked={settings.keepsCheckpoints}
          onChange={(event) => change({ keepsCheckpoints: event.target.checked })}
        />
        <span>Keep published files after installing, to install again without the network</span>
      </label>
      <form
        className="store-settings__token"
        onSubmit={(event) => {
          event.preventDefault();
          if (token.trim() !== "") give(token.trim());
        }}
      >
        <label htmlFor="hub-token">Access token</label>
        <input
          id="hub-token"
          className="field"
          type="password"
          autoComplete="off"
          placeholder={settings.token.kept === "none" ? "hf_…" : "••••••••"}
          value={token}
          maxLength={500}
          onChange={(event) => setToken(event.target.value)}
        />
        {token.trim() === "" ? (
          settings.token.kept === "none" || settings.token.kept === "environment" ? null : (
            <Button onClick={() => give(null)}>Forget</Button>
          )
        ) : (
          <Button onClick={() => give(token.trim())}>Use</Button>
        )}
      </form>
      <p className="store-settings__hint">{kept[settings.token.kept]}</p>
    </section>
  );
}

function TextSetting({
  label,
  hint,
  placeholder,
  value,
  onChange,
}: {
  readonly label: string;
  readonly hint: string;
  readonly placeholder: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
}) {
  const [text, setText] = useState(value);
  const id = `setting-${label.toLowerCase()}`;
  return (
    <div className="store-settings__field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        className="field"
        type="text"
        inputMode="url"
        spellCheck={false}
        placeholder={placeholder}
        title={hint}
        value={text}
        maxLength={500}
        onChange={(event) => setText(event.target.value)}
        onBlur={() => text.trim() !== value && onChange(text.trim())}
        onKeyDown={(event) => event.key === "Enter" && event.currentTarget.blur()}
      />
    </div>
  );
}
