"""CLIP's byte-pair tokenizer, from its published description (256 byte characters, the same with </w>, 48 894 merges).

`encode(text)` gives 77 ids: start 49406, the text, end 49407, padded with 0 (as the Hummingbird pipeline does).
"""
import gzip
import html
import os
import re
import unicodedata

SOT, EOT, LENGTH = 49406, 49407, 77
_MERGES = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../assets/tokenizer/clip-bpe-merges.txt.gz')


def _byte_chars():
    """The 256 printable stand-ins of the bytes, in vocabulary order."""
    keep = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [b for b in range(256) if b not in keep]
    return {**{b: chr(b) for b in keep}, **{b: chr(256 + i) for i, b in enumerate(rest)}}


def _pieces(text):
    """Specials, contractions, runs of letters, single digits, runs of anything else that is no space."""
    out, i = [], 0
    kind = lambda c: 'L' if unicodedata.category(c)[0] == 'L' else 'N' if unicodedata.category(c)[0] == 'N' else 'S' if c.isspace() else 'O'
    while i < len(text):
        m = re.compile(r"<start_of_text>|<end_of_text>|'(?:s|t|re|ve|m|ll|d)").match(text, i)
        if m:
            out.append(m.group())
            i = m.end()
            continue
        k, j = kind(text[i]), i + 1
        if k in 'LO':
            while j < len(text) and kind(text[j]) == k:
                j += 1
        if k != 'S':
            out.append(text[i:j])
        i = j
    return out


class Tokenizer:
    def __init__(self, path=_MERGES):
        with gzip.open(path, 'rt', encoding='utf-8') as f:
            lines = f.read().split('\n')
        merges = [tuple(l.split()) for l in lines if len(l.split()) == 2 and not l.startswith('#version') and not l.startswith('"bpe_simple')]
        merges = merges[:48894]
        self.bytes = _byte_chars()
        vocab = [*self.bytes.values()]
        vocab += [c + '</w>' for c in vocab] + [''.join(m) for m in merges]
        self.ids = {v: i for i, v in enumerate(vocab)}
        self.rank = {m: i for i, m in enumerate(merges)}
        self.special = {'<start_of_text>': SOT, '<end_of_text>': EOT}

    def _bpe(self, piece):
        w = [self.bytes[b] for b in piece.encode('utf-8')]
        w[-1] += '</w>'
        while len(w) > 1:
            pairs = {p: self.rank[p] for p in zip(w, w[1:]) if p in self.rank}
            if not pairs:
                break
            a, b = min(pairs, key=pairs.get)
            out, i = [], 0
            while i < len(w):
                if i + 1 < len(w) and w[i] == a and w[i + 1] == b:
                    out.append(a + b)
                    i += 2
                else:
                    out.append(w[i])
                    i += 1
            w = out
        return [self.ids[c] for c in w]

    def tokens(self, text):
        """Ids without start, end and padding."""
        text = ' '.join(html.unescape(html.unescape(text)).split()).lower()
        out = []
        for p in _pieces(text):
            out += [self.special[p]] if p in self.special else self._bpe(p)
        return out

    def encode(self, text):
        """77 ids: start, text, end, zeros; a long text is cut and keeps its end mark."""
        ids = [SOT, *self.tokens(text), EOT]
        if len(ids) > LENGTH:
            ids = ids[:LENGTH - 1] + [EOT]
        return ids + [0] * (LENGTH - len(ids))
