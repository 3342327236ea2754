/** Level of one channel, linear: 1 is full scale. */
export interface Level {
  readonly peak: number;
  readonly rms: number;
}

/** Samples of which the level is taken: 43 ms at 48 kHz. */
const WINDOW = 2048;

/** Where everything that is heard comes through: it can be measured here. */
export class StereoTap {
  readonly context: AudioContext;
  readonly input: GainNode;
  private readonly channels: readonly AnalyserNode[];
  private readonly samples = new Float32Array(WINDOW);

  constructor(context: AudioContext) {
    this.context = context;
    this.input = context.createGain();
    this.input.connect(context.destination);
    const splitter = context.createChannelSplitter(2);
    this.input.connect(splitter);
    this.channels = [0, 1].map((channel) => {
      const analyser = context.createAnalyser();
      analyser.fftSize = WINDOW;
      splitter.connect(analyser, channel);
      return analyser;
    });
  }

  /** Left and right, over the last moments. */
  measure(): readonly Level[] {
    return this.channels.map((analyser) => {
      analyser.getFloatTimeDomainData(this.samples);
      let [peak, power] = [0, 0];
      for (const value of this.samples) {
        peak = Math.max(peak, Math.abs(value));
        power += value * value;
      }
      return { peak, rms: Math.sqrt(power / WINDOW) };
    });
  }
}
