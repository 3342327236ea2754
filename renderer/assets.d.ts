declare module "*.css";
declare module "@fontsource-variable/inter";
declare module "@fontsource-variable/jetbrains-mono";
declare module "*.svg" {
  const url: string;
  export default url;
}
