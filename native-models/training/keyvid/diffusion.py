"""KeyVID's noise schedule, guidance and sampling loops (section 5 of the method: v-prediction, zero terminal SNR, trailing
timesteps, DDIM with eta 1, dynamic rescale of the clean latent, three-way guidance, guidance rescale).

Latents are [B, 4, T, h, w].  The clean latent at timestep t is multiplied by `SCALE[t]` (1 falling to 0.7 over the first
400 steps, then 0.7), in training and in sampling alike.
"""
import torch

from diffusion import ABAR, timesteps

SCALE = torch.cat([torch.linspace(1.0, 0.7, 400), torch.full((1000,), 0.7)])  # 1400 entries as in the official files
STEPS = 12  # the starter's default
# With few steps the official sampler ends at the scale of its last timestep, not at 1 (0.94 for 12 steps: washed out, and twice so over two
# stages). The networks are therefore trained to answer with that much more contrast; at other step counts it is off by a few percent.
GAIN = 1 / float(SCALE[timesteps(STEPS)[-1]])
SCALES = (7.5, 2.0, 7.5)  # the official text, image and sound guidance of the generator
FS = {'generator': 6, 'interpolator': 24}


def tables(n):
    """DDIM tables of n steps, ascending in time."""
    t = torch.tensor(timesteps(n)[::-1])
    a = ABAR[t]
    prev = torch.cat([ABAR[:1], a[:-1]])
    sigma = ((1 - prev) / (1 - a) * (1 - a / prev)).clamp(min=0).sqrt()
    scale = SCALE[t]
    return {'timesteps': t, 'alphas': a, 'alphas_prev': prev, 'sigmas': sigma, 'dir_coef': (1 - prev - sigma ** 2).clamp(min=0).sqrt(),
            'scale': scale, 'scale_prev': torch.cat([scale[:1], scale[:-1]])}


class Schedule:
    """n sampling steps; step 0 is the noisiest (t = 999)."""

    def __init__(self, n):
        self.n, self.tab = n, tables(n)

    def t(self, i):
        return int(self.tab['timesteps'][self.n - 1 - i])

    def step(self, i, x, v, noise, eta):
        """-> (x of the next timestep, clean latent at this scale)."""
        a, prev, sigma, scale, scale_prev = (float(self.tab[k][self.n - 1 - i]) for k in ('alphas', 'alphas_prev', 'sigmas', 'scale', 'scale_prev'))
        sigma *= eta
        eps = a ** 0.5 * v + (1 - a) ** 0.5 * x
        x0 = (a ** 0.5 * x - (1 - a) ** 0.5 * v) * scale_prev / scale
        return prev ** 0.5 * x0 + max(0.0, 1 - prev - sigma ** 2) ** 0.5 * eps + sigma * noise, x0

    def inject(self, i, keys, noise):
        """Keyframe latents noised to the timestep after step i."""
        prev = float(self.tab['alphas_prev'][self.n - 1 - i])
        return prev ** 0.5 * keys + (1 - prev) ** 0.5 * noise


def guided(outs, scales, rescale):
    """outs: velocities of (nothing, image, image + text, all); scales: text, image, sound."""
    u, img, txt, full = outs
    v = u + scales[1] * (img - u) + scales[0] * (txt - img) + scales[2] * (full - txt)
    dims = (1, 2, 3, 4)
    return rescale * v * full.std(dims, keepdim=True) / v.std(dims, keepdim=True) + (1 - rescale) * v


def v_loss(x0, t, call, noise):
    """Mean squared error of the velocity per clip [B]; call(x_t) runs the network on the noisy latent."""
    a = ABAR[t].float()[:, None, None, None, None]
    x0 = x0 * GAIN * SCALE[t][:, None, None, None, None]
    v = a.sqrt() * noise - (1 - a).sqrt() * x0
    return ((call(a.sqrt() * x0 + (1 - a).sqrt() * noise).float() - v) ** 2).mean((1, 2, 3, 4))


def filled_noise(noise, index):
    """The interpolator's start noise: between the anchors (the keyframes and frame 47) the anchors' noise, weights reversed as in the
    official code.  noise [1, 4, 48, h, w], index: ascending keyframes."""
    anchors, out = sorted({*index, 47}), noise.clone()
    for l, r in zip(anchors, anchors[1:]):
        for j in range(l + 1, r):
            f = (j - l) / (r - l)
            out[:, :, j] = f * noise[:, :, l] + (1 - f) * noise[:, :, r]
    return out
