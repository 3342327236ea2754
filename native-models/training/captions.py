"""Captions for specs: a small grammar with synonyms and word orders, plus random unknown words.

An attribute is left out of the caption only where the drawing has its default (black background, normal speed, some
objects, the family's first direction), so that caption -> clip stays close to deterministic.
"""
from draw import ALL_DIRECTIONS, BACKGROUNDS, COLOUR_NAMES, DENSITIES, DIRECTIONS, FAMILIES, PARTICLES, SPEEDS

SYNONYMS = {
    'red': ['red', 'red', 'red', 'crimson', 'scarlet', 'ruby'], 'orange': ['orange', 'orange', 'orange', 'tangerine', 'amber'],
    'yellow': ['yellow', 'yellow', 'yellow', 'golden', 'gold', 'lemon'], 'green': ['green', 'green', 'green', 'emerald', 'lime'],
    'cyan': ['cyan', 'cyan', 'turquoise', 'teal', 'aqua'], 'blue': ['blue', 'blue', 'blue', 'azure', 'cobalt', 'navy'],
    'purple': ['purple', 'purple', 'violet', 'lavender', 'indigo'], 'pink': ['pink', 'pink', 'pink', 'magenta', 'rose'],
    'white': ['white', 'white', 'white', 'silver', 'ivory'],
}
SHAPES = {'spin': ('square', 'triangle', 'star')}
NOUNS = {
    'gradient': ['gradient', 'gradient', 'color gradient', 'colour gradient', 'gradient background', 'color blend'],
    'stripes': ['stripes', 'stripes', 'stripe pattern', 'striped background', 'bars', 'lines'],
    'waves': ['waves', 'waves', 'wave', 'ocean waves', 'sea waves', 'rolling waves'],
    'fire': ['fire', 'fire', 'flames', 'flame', 'burning fire', 'campfire'],
    'pulse0': ['pulsing circle', 'pulsing disc', 'circle pulsing', 'pulsing light', 'glowing circle pulsing', 'beating circle'],
    'pulse1': ['pulsing ring', 'ring pulsing', 'beating ring', 'glowing ring pulsing'],
    'bubbles': ['bubbles', 'bubbles', 'bubbles', 'soap bubbles', 'bubble'],
    'bokeh': ['bokeh', 'bokeh lights', 'soft lights', 'bokeh', 'blurred lights', 'glowing orbs'],
    'snow': ['snow', 'snowflakes', 'snowfall', 'snow flakes', 'snow'],
    'bounce': ['bouncing ball', 'ball bouncing', 'bouncing ball', 'ball'],
    'rings': ['rings', 'concentric rings', 'concentric circles', 'circular ripples', 'ripples'],
}
MOVE = {'gradient': ['moving', 'drifting', 'flowing', 'sliding'], 'stripes': ['moving', 'sliding', 'scrolling'],
        'waves': ['moving', 'rolling', 'flowing'], 'bubbles': ['floating', 'moving', 'drifting'],
        'bokeh': ['drifting', 'floating', 'moving'], 'snow': ['drifting', 'moving', 'blowing']}
WHERE = {'left': ['left', 'to the left', 'leftwards'], 'right': ['right', 'to the right', 'rightwards'],
         'up': ['up', 'upwards', 'upward'], 'down': ['down', 'downwards', 'downward']}
EXTRA = {('bubbles', 'up'): ['rising', 'rising', 'rising up', 'going up'], ('bubbles', 'down'): ['sinking', 'falling'],
         ('snow', 'down'): ['falling', 'falling', 'falling down'], ('bokeh', 'up'): ['rising'], ('bokeh', 'down'): ['falling']}
SPEED_ADVERB = {'slow': ['slowly', 'slowly', 'gently', 'calmly', 'slow'], 'fast': ['fast', 'quickly', 'rapidly'], 'normal': ['']}
SPEED_ADJ = {'slow': ['slow', 'calm', 'gentle'], 'fast': ['fast', 'quick', 'rapid'], 'normal': ['']}
COUNT = {'few': ['a few', 'few', 'some sparse'], 'some': ['', '', 'some'], 'many': ['many', 'lots of', 'a lot of', 'dense']}
OPENERS = ['a video of', 'an animation of', 'a loop of', 'a clip of', 'a looping background of', 'abstract']
UNKNOWN = '\x00'


def _motion(spec, rng):
    fam, d = spec['family'], spec['direction']
    if fam in ('fire',):
        return rng.choice(['', 'burning', 'rising', 'flickering'])
    if fam == 'pulse':
        return rng.choice(['', 'beating', 'growing and shrinking'])
    if fam == 'spin':
        other = ['counterclockwise', 'counterclockwise', 'counter clockwise', 'anticlockwise', 'counter-clockwise', 'to the left']
        way = rng.choice(['clockwise', 'clockwise', 'to the right'] if d == 'clockwise' else other)
        return rng.choice(['spinning', 'rotating', 'turning', 'spinning']) + ' ' + way
    if fam == 'bounce':
        return rng.choice(['up and down', 'vertically', 'on the floor'] if d == 'vertical' else
                          ['left and right', 'from side to side', 'side to side', 'horizontally'])
    if fam == 'rings':
        return rng.choice(['expanding', 'expanding outward', 'growing outwards', 'moving outward', 'zooming out'] if d == 'out' else
                          ['shrinking', 'contracting', 'shrinking inward', 'moving inwards', 'zooming in'])
    if (fam, d) in EXTRA and rng.random() < 0.6:
        return rng.choice(EXTRA[(fam, d)])
    return rng.choice(MOVE[fam]) + ' ' + rng.choice(WHERE[d])


def caption(spec, rng, unknown=True):
    """One caption of the spec; unknown words are the character U+0000."""
    fam, col = spec['family'], rng.choice(SYNONYMS[spec['colour']])
    if spec['colour2']:
        a, b = col, rng.choice(SYNONYMS[spec['colour2']])
        if rng.random() < 0.5:
            a, b = b, a
        col = f'{a} {rng.choice(["and", "and", "to", "&"])} {b}'
    if fam == 'spin':
        noun, motion = SHAPES['spin'][spec['variant']], _motion(spec, rng)
        if rng.random() < 0.3:
            noun = rng.choice(['spinning ', 'rotating ']) + noun
    else:
        noun, motion = rng.choice(NOUNS[fam + str(spec['variant']) if fam == 'pulse' else fam]), _motion(spec, rng)
    default = spec['direction'] == DIRECTIONS[fam][0]
    if default and rng.random() < (0.12 if fam == 'bounce' else 0.3):
        motion = 'spinning' if fam == 'spin' and 'ing' not in noun else 'bouncing' if fam == 'bounce' and 'bounc' not in noun else ''
    elif fam == 'bounce' and 'bounc' not in noun:
        motion = 'bouncing ' + motion
    if fam in PARTICLES:
        noun = (rng.choice(COUNT[spec['density']]) + ' {c} ' + noun)
    elif rng.random() < 0.3 and fam in ('spin', 'pulse', 'bounce', 'gradient'):
        noun = 'a {c} ' + noun
    else:
        noun = '{c} ' + noun
    if '{c}' in noun and rng.random() < 0.15:
        noun = noun.replace('{c} ', '') + ' in ' + col
    noun = noun.replace('{c}', col)
    bg = spec['background']
    if bg == 'black':
        bg = rng.choice(['', '', '', 'on black', 'on a black background', 'in the dark'])
    elif bg == 'white':
        bg = rng.choice(['on white', 'on a white background', 'over white'])
    else:
        base = rng.choice(SYNONYMS[bg[5:]][:2])
        bg = rng.choice([f'on dark {base}', f'on a dark {base} background', f'over a dark {base} background', f'against dark {base}'])
    if spec['speed'] == 'normal':
        adj = adv = ''
    elif rng.random() < 0.7:
        adj, adv = '', rng.choice(SPEED_ADVERB[spec['speed']])
    else:
        adj, adv = rng.choice(SPEED_ADJ[spec['speed']]), ''
    r = rng.random()
    if r < 0.60:
        parts = [adj, noun, motion, adv, bg]
    elif r < 0.75:
        parts = [adj, noun, adv, motion, bg]
    elif r < 0.88:
        parts = [bg + ',' if bg else '', adj, noun, motion, adv]
    else:
        parts = [adj, noun + ',', motion, adv + ',' if adv else '', bg]
    if rng.random() < 0.15:
        parts = [rng.choice(OPENERS)] + parts
    words = ' '.join(parts).split()
    if unknown and rng.random() < 0.3:
        for _ in range(rng.randint(1, 3)):
            words.insert(rng.randint(0, len(words)), UNKNOWN)
    text = ' '.join(words).rstrip(',')
    return text + ('.' if rng.random() < 0.15 else '')


LABELS = {'family': FAMILIES, 'colour': COLOUR_NAMES, 'colour2': ['none'] + COLOUR_NAMES, 'direction': ALL_DIRECTIONS,
          'speed': SPEEDS, 'density': DENSITIES, 'background': BACKGROUNDS, 'shape': ['0', '1', '2']}


def labels(spec):
    """Class indices of the attributes that a caption tells, in the order of LABELS."""
    shape = str(spec['variant']) if spec['family'] in ('spin', 'pulse') else '0'
    vals = {**spec, 'colour2': spec['colour2'] or 'none', 'shape': shape}
    return [v.index(vals[k]) for k, v in LABELS.items()]
