"""How a picture moves to a sound: responses of the motion to the sound's events, and warps of the picture.

A clip is warp(picture, motion, q(t)): one number q per frame says how far the picture is from rest.  Frame 0 is at rest.
"""
import math

import torch
import torch.nn.functional as F

from keyvid.picture import SIZE

FPS, FRAMES = 24, 48
# motion -> (words that ask for it, response, lowest and highest q, levels of the table of warped pictures)
MOTIONS = {
    'pulse': (('pulse', 'pulsing', 'beat', 'beating', 'zoom', 'thump', 'throb', 'heartbeat'), 'kick', 0.0, 1.15, 14),
    'jump': (('jump', 'jumping', 'bounce', 'bouncing', 'hop', 'hopping', 'leap'), 'hop', 0.0, 1.15, 14),
    'flash': (('flash', 'flashing', 'blink', 'blinking', 'strobe', 'glow', 'light'), 'kick', 0.0, 1.15, 8),
    'swing': (('swing', 'swinging', 'sway', 'swaying', 'rock', 'rocking', 'twist'), 'slow', -1.1, 1.1, 15),
    'shake': (('shake', 'shaking', 'tremble', 'rattle', 'vibrate', 'jitter'), 'fast', -1.1, 1.1, 17),
    'ripple': (('ripple', 'rippling', 'wave', 'waving', 'wobble', 'water'), 'slow', -1.1, 1.1, 13),
}
RESPONSES = ('kick', 'hop', 'slow', 'fast')


def response(u):
    """Answers to one event at u seconds after it: [..., 4] in the order of RESPONSES, peak about 1.

    All of them leave rest at once and calm down quickly, so that most of the motion happens on the event.
    """
    rise, p = ((u + 0.02) / 0.04).clamp(0, 1), u.clamp(min=0)
    kick = rise * torch.exp(-p / 0.16)
    hop = p / 0.07 * torch.exp(1 - p / 0.07)
    slow = rise * torch.exp(-p / 0.15) * torch.cos(2 * math.pi * 2.5 * p)
    fast = rise * torch.exp(-p / 0.10) * torch.cos(2 * math.pi * 4.5 * p)
    return torch.stack([kick, hop, slow, fast], -1)


def states(events, swell=None):
    """q of the four responses for every frame [48, 4]; events are (seconds, strength); swell [48] adds a slow envelope."""
    t = torch.arange(FRAMES) / FPS
    q = torch.zeros(FRAMES, 4)
    for at, strength in events:
        q = q + strength * response(t - at)
    if swell is not None:
        q[:, :2] += swell[:, None]
    q = torch.stack([q[:, 0].clamp(0, 1.15), q[:, 1].clamp(0, 1.15), q[:, 2].clamp(-1.1, 1.1), q[:, 3].clamp(-1.1, 1.1)], -1)
    q[0] = 0
    return q


def energy(q):
    """Motion energy of the `pulse` motion, the localiser's target [48]: mean of the steps into and out of a frame."""
    step = (q[1:, 0] - q[:-1, 0]).abs()
    return (torch.cat([step[:1], step]) + torch.cat([step, step[-1:]])) / 2


AXIS = (torch.arange(SIZE // 2) + 0.5) / (SIZE // 2) * 2 - 1
X, Y = AXIS[None, :].expand(SIZE // 2, -1), AXIS[:, None].expand(-1, SIZE // 2)
PIN = (torch.cos(math.pi / 2 * X) * torch.cos(math.pi / 2 * Y)) ** 2  # 1 in the middle, 0 at the border: nothing is torn open


def warp(picture, motion, q):
    """Picture [3, 256, 256] and levels q [N] -> frames [N, 3, 128, 128].  At rest a bilinear sample is the mean of 2 x 2 pixels."""
    q = q[:, None, None]
    x, y = X[None].expand(len(q), -1, -1), Y[None].expand(len(q), -1, -1)
    if motion == 'flash':
        to = 1.0 if picture.mean() < 0.55 else 0.0
        rest = F.avg_pool2d(picture[None], 2)
        return (rest + 0.6 * q[:, None] * (to - rest)).clamp(0, 1)
    if motion == 'pulse':
        x, y = x / (1 + 0.22 * q), y / (1 + 0.22 * q)
    elif motion == 'jump':
        y = y + 0.24 * q * PIN
    elif motion == 'shake':
        x = x + 0.20 * q * PIN
    elif motion == 'swing':
        a = 0.55 * q * PIN
        x, y = x * torch.cos(a) + y * torch.sin(a), y * torch.cos(a) - x * torch.sin(a)
    elif motion == 'ripple':
        x = x + 0.10 * q * torch.sin(2 * math.pi * y) * torch.cos(math.pi / 2 * x) ** 2
    return F.grid_sample(picture[None].expand(len(q), -1, -1, -1), torch.stack([x, y], -1), 'bilinear', 'border', align_corners=False)


def levels(motion):
    _, _, lo, hi, n = MOTIONS[motion]
    return torch.linspace(lo, hi, n)


def place(motion, q):
    """q [...] -> (lower level index, fraction) in the table of `levels`."""
    _, _, lo, hi, n = MOTIONS[motion]
    at = ((q - lo) / (hi - lo) * (n - 1)).clamp(0, n - 1)
    i = at.floor().clamp(max=n - 2).long()
    return i, at - i
