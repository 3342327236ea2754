"""ImageBind's sound front end: Kaldi's log-mel filter bank, normalised; two seconds at 16 kHz -> [1, 128, 204].

The formulas are those of Kaldi's `compute-fbank-feats` with 128 bins, a Hann window and no dither (D. Povey et al., "The
Kaldi Speech Recognition Toolkit", 2011); mean -4.268 and deviation 2 * 4.569 are ImageBind's for AudioSet.
"""
import math

import torch

RATE, SAMPLES, BINS, COLUMNS = 16000, 32000, 128, 204


def _banks():
    """Triangles [128, 256] over the power spectrum's bins 0..255, slopes linear in mel, 20 Hz .. 8 kHz."""
    mel = lambda f: 1127 * math.log(1 + f / 700)
    low, high = mel(20.0), mel(RATE / 2)
    step = (high - low) / (BINS + 1)
    left = low + step * torch.arange(BINS, dtype=torch.float64)[:, None]
    at = 1127 * torch.log(1 + torch.arange(256, dtype=torch.float64) * RATE / 512 / 700)[None]
    return torch.minimum((at - left) / step, (left + 2 * step - at) / step).clamp(min=0).float()


BANKS = _banks()
WINDOW = torch.hann_window(400, periodic=False)


def mel(sound):
    """Channels of samples [C, N <= 32000] at 16 kHz, -1..1 -> [1, 128, 204]; the first channel counts, the mean is over all."""
    x = (sound - sound.mean())[0].float()
    f = x.unfold(0, 400, 160)
    f = f - f.mean(1, keepdim=True)
    f = (f - 0.97 * torch.cat([f[:, :1], f[:, :-1]], 1)) * WINDOW
    power = torch.fft.rfft(f, 512).abs().square()[:, :256]
    m = (power @ BANKS.T).clamp(min=1.1920929e-07).log().T
    m = torch.nn.functional.pad(m, (0, max(0, COLUMNS - m.shape[1])))[:, :COLUMNS]
    return ((m + 4.268) / 9.138)[None]
