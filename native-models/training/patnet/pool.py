"""Training pictures, drawn by processes of their own while the networks learn, and kept on the device that trains."""
import time

import numpy as np
import torch
import torch.multiprocessing as processes

import scenes

MOST = 6  # objects a scene
CHUNK = 32
FIRST_SEED = 1_000_000
BITS = scenes.SIZE * scenes.SIZE // 8


def _draw(worker, workers, begin, out):
    """Draws without end: chunks of CHUNK pictures, each from a seed that no other process draws."""
    torch.set_num_threads(1)
    seed = FIRST_SEED + begin + worker
    while True:
        chunk = empty(CHUNK)
        for i in range(CHUNK):
            s = scenes.draw(seed, free=True)
            seed += workers
            n = len(s['classes'])
            chunk['pictures'][i] = torch.from_numpy(np.ascontiguousarray(s['picture']))
            chunk['masks'][i, :n] = torch.from_numpy(np.packbits(s['masks'].reshape(n, scenes.SIZE ** 2), axis=1))
            chunk['boxes'][i, :n] = torch.from_numpy(s['boxes'])
            chunk['classes'][i, :n] = torch.from_numpy(s['classes'])
            chunk['there'][i, :n] = True
            chunk['tags'][i] = torch.from_numpy(s['tags'])
            chunk['has_objects'][i] = s['has_objects']
        out.put(chunk)


def empty(count, device='cpu'):
    """Room for `count` pictures: pictures [N, S, S, 3] uint8, masks [N, MOST, S*S/8] (bits), boxes [N, MOST, 4] (px), classes [N, MOST],
    there [N, MOST] (an object is in this place), tags [N, T] (1, 0, -1 unknown), has_objects [N] (False: a clip's frame, whose objects are unknown)."""
    zeros = lambda *shape, kind=torch.float32: torch.zeros(*shape, dtype=kind, device=device)
    return {'pictures': zeros(count, scenes.SIZE, scenes.SIZE, 3, kind=torch.uint8), 'masks': zeros(count, MOST, BITS, kind=torch.uint8),
            'boxes': zeros(count, MOST, 4), 'classes': zeros(count, MOST, kind=torch.long), 'there': zeros(count, MOST, kind=torch.bool),
            'tags': zeros(count, len(scenes.TAGS)), 'has_objects': zeros(count, kind=torch.bool)}


class Pool:
    """A ring of `size` pictures; new ones take the place of the oldest. begin: how many pictures earlier runs drew."""

    def __init__(self, size, workers, device, begin=0):
        self.size, self.device, self.drawn, self.given, self.begin = size // CHUNK * CHUNK, device, 0, 0, begin
        self.queue = processes.Queue(4 * workers)
        self.workers = [processes.Process(target=_draw, args=(i, workers, begin, self.queue), daemon=True) for i in range(workers)]
        for worker in self.workers:
            worker.start()
        # Only now may the device be touched: a process must not fork after that.
        self.kept = empty(self.size, device)

    def _take(self, wait):
        while wait or not self.queue.empty():
            chunk = self.queue.get()
            at = self.drawn % self.size
            for name, kept in self.kept.items():
                kept[at:at + CHUNK] = chunk[name].to(self.device)
            self.drawn += CHUNK
            wait = False

    def batch(self, count, often):
        """`count` random pictures, half of them mirrored; waits while the pictures drawn so far have been given `often` times each."""
        self._take(False)
        while self.drawn < 16 * count or self.given > often * self.drawn:
            self._take(True)
        self.given += count
        which = torch.randint(min(self.drawn, self.size), (count,), device=self.device)
        batch = {name: kept[which] for name, kept in self.kept.items()}
        masks = batch['masks'][..., None].bitwise_right_shift(torch.arange(7, -1, -1, device=self.device)).bitwise_and(1)
        batch['masks'] = masks.reshape(count, MOST, scenes.SIZE, scenes.SIZE)
        flip = torch.rand(count, device=self.device) < 0.5
        batch['pictures'] = torch.where(flip[:, None, None, None], batch['pictures'].flip(2), batch['pictures'])
        batch['masks'] = torch.where(flip[:, None, None, None], batch['masks'].flip(3), batch['masks'])
        x1, y1, x2, y2 = batch['boxes'].unbind(2)
        mirrored = torch.stack([scenes.SIZE - x2, y1, scenes.SIZE - x1, y2], 2)
        batch['boxes'] = torch.where(flip[:, None, None], mirrored, batch['boxes']) * batch['there'][..., None]
        return batch

    def close(self):
        for worker in self.workers:
            worker.terminate()


class Fixed:
    """The same `count` pictures in every batch, for the proof that the losses can go to nothing."""

    def __init__(self, count, device):
        pool = Pool(CHUNK, 1, device)
        pool._take(True)
        pool.close()
        self.pictures = {name: kept[:count] for name, kept in pool.kept.items()}
        masks = self.pictures['masks'][..., None].bitwise_right_shift(torch.arange(7, -1, -1, device=device)).bitwise_and(1)
        self.pictures['masks'] = masks.reshape(count, MOST, scenes.SIZE, scenes.SIZE)
        self.begin = self.drawn = 0

    def batch(self, count, often):
        return self.pictures

    def close(self):
        pass
