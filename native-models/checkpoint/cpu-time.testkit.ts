/** Test help: processor time of this process in milliseconds, which does not grow because the machine is busy with other things. */
export function cpuMilliseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
