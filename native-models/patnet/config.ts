/** What a PATNet checkpoint's shapes tell about its network; kept in the pack. */
import { z } from "zod";

const whole = z.number().int().nonnegative();
const count = z.number().int().positive();

/** One block of a stage: spatial mixing of some channels, then an MLP of 1×1 convolutions. */
export const blockSchema = z.object({
  /**
   * What happens to the channels that the 3×3 kernel leaves alone. `plain`: nothing (FasterNet, learnt splits); `channel`: gated by
   * their own statistics (PAT_ch); `self`: self-attention with relative positions (PAT_sf).
   */
  mixing: z.enum(["plain", "channel", "self"]),
  /** Leading channels that the 3×3 kernel sees. */
  split: whole,
  /** The split was learnt (PartialNet's DPConv): the checkpoint's kernel covers all channels, of which the leading ones count. */
  learnt: z.boolean(),
  /** Width of the MLP between its two convolutions. */
  hidden: count,
  /** Half of the MLP's output is gated by a map of the picture (PAT_sp). */
  spatial: z.boolean(),
  /** Attention heads of `self`. */
  heads: whole,
  /** Mixing has a residual connection of its own besides the block's. */
  innerResidual: z.boolean(),
  /** A learnt factor a channel on the MLP's output. */
  layerScale: z.boolean(),
});
export type Block = z.infer<typeof blockSchema>;

export const backboneSchema = z.object({
  activation: z.enum(["gelu", "relu"]),
  /** Four stages; a stage is twice as wide as the one before, at half its height and width. */
  stages: z.array(z.object({ width: count, blocks: z.array(blockSchema) })).length(4),
});
export type Backbone = z.infer<typeof backboneSchema>;

export const classifierSchema = z.object({
  /** Width between the pooled picture and the classes. */
  features: count,
  classes: count,
  /** Side of the square crop that the network was trained on, pixels. */
  side: count.default(224),
  /** Present: the outputs are tags by these names, each true or not by itself. Absent: one class out of all. */
  tags: z.array(z.string()).optional(),
});

/** Settings of a Mask R-CNN at test time, by their names in mmdet's `test_cfg`. */
export const testSettingsSchema = z.object({
  /** Proposals a level before suppression, and in all after it. */
  proposalsBefore: count.default(1000),
  proposals: count.default(1000),
  proposalIou: z.number().default(0.7),
  scoreThreshold: z.number().default(0.05),
  iou: z.number().default(0.5),
  detections: count.default(100),
  maskThreshold: z.number().default(0.5),
});
export type TestSettings = z.infer<typeof testSettingsSchema>;

export const detectorSchema = z.object({
  /** Channels of every level of the feature pyramid. */
  channels: count,
  classes: count,
  /** Channels between the two layers of the region proposals. */
  proposalWidth: count,
  /** Widths of the box head's hidden layers. */
  boxWidths: z.array(count),
  /** Channels of each 3×3 convolution of the mask head. */
  maskWidths: z.array(count),
  /** Channels after the mask head's up-sampling. */
  maskUpsampled: count,
  /** Longest and shortest side that a picture is scaled to, pixels. */
  scale: z.tuple([count, count]).default([1333, 800]),
  test: testSettingsSchema.prefault({}),
});
export type Detector = z.infer<typeof detectorSchema>;

export const patnetConfigSchema = z.object({
  backbone: backboneSchema,
  classifier: classifierSchema.nullable(),
  detector: detectorSchema.nullable(),
  /** Names of the detector's classes, or without one of the classifier's, where the checkpoint tells them. */
  labels: z.array(z.string()),
});
export type PatnetConfig = z.infer<typeof patnetConfigSchema>;
