"""Sentence frames and small word lists of the grammar.

`<np>`: definite noun phrase with the kind of change ('the missing cup on the left'). `<anp>`: 'any missing cups',
'anything missing'. `<wh>`: 'which cup on the left disappeared', 'what disappeared'. `<bare>`: the noun phrase without
the kind ('the cup on the left'); `<abare>`: 'a cup on the left'. `<vp>`, `<part>`, `<inf>`: verb phrase, participle,
infinitive of the kind; `<pp>`: the place, with a leading space, or nothing. Lower-case names in `<>` that are keys of
`WORDS` are replaced by one of their entries.
"""

from __future__ import annotations

WORDS: dict[str, tuple[str, ...]] = {
    'cmd': (
        'find', 'show me', 'show', 'highlight', 'mark', 'point to', 'point out', 'locate', 'box', 'put a box around',
        'draw a box around', 'outline', 'circle', 'select', 'detect', 'spot', 'identify', 'give me', 'indicate',
        'pick out', 'frame', 'look for', 'draw a rectangle around', 'tag', 'pinpoint', 'get', 'search for', 'localize',
    ),
    'polite': (
        'please find', 'please show me', 'can you find', 'could you show me', 'could you please mark',
        'would you highlight', 'can you point out', 'please mark', 'please highlight', 'please point to',
        'can you locate', 'can you spot', 'help me find', 'i want to see', "i'd like to see", "i'm looking for",
        'i am looking for', 'i need', 'let me see', 'would you please locate', 'try to find', 'kindly mark',
    ),
    'tell': (
        'tell me', 'show me', 'find out', 'can you tell me', 'do you know', 'i want to know', 'i wonder',
        'please tell me', 'can you see', 'could you tell me', 'point out', 'say', 'mark', 'find', 'highlight',
        "i'd like to know", 'check', 'let me know', 'work out', 'i need to know',
    ),
    'first': ('the first image', 'the first picture', 'the before image', 'the original', 'the first photo',
              'the original picture', 'the before picture'),
    'second': ('the second image', 'the second picture', 'the after image', 'the second photo', 'the new picture',
               'the later image', 'the after picture'),
    'both': ('the two images', 'the two pictures', 'both images', 'the two photos', 'before and after',
             'the first and the second image', 'these two pictures'),
    'lead': ('compared to <first>,', 'looking at <both>,', 'in <second>,', 'comparing <both>,', 'between <both>,',
             'when you compare <both>,', 'going from <first> to <second>,', 'given <both>,'),
    'tail': ('between <both>', 'in <second>', 'compared to <first>', 'from <first> to <second>', 'since <first>',
             'between <first> and <second>', 'in <second> compared to <first>', 'here', 'in the meantime'),
    'showme': ('show me', 'find', 'mark', 'point to', 'highlight', 'locate', 'box', 'circle'),
}  # fmt: skip

# frame, numbers it suits: 'one', 'many', 'any' (works for whatever number, also for none)
NP_FRAMES: tuple[tuple[str, str], ...] = (
    ('<np>', 'one many'), ('<np>', 'one many'), ('<np>', 'one many'), ('<cmd> <np>', 'one many'),
    ('<cmd> <np>', 'one many'), ('<cmd> <np>', 'one many'), ('<cmd> <np>', 'one many'), ('<polite> <np>', 'one many'),
    ('<polite> <np>', 'one many'), ('where @is <np>?', 'one many'), ('where can i find <np>?', 'one many'),
    ('<lead> <cmd> <np>', 'one many'), ('<lead> where @is <np>?', 'one many'),
    ('<cmd> the place of <np>', 'one'), ('where do i see <np>?', 'one many'), ('can you see <np>?', 'one many'),
    ('do you see <np>?', 'one many'), ('<cmd> the box of <np>', 'one'), ('just <np>', 'one'),
    ('only <np>', 'one'), ('<np> please', 'one many'), ('<cmd> <np> and nothing else', 'one'),
)  # fmt: skip

ANY_FRAMES: tuple[tuple[str, str], ...] = (
    ('is there <anp>?', 'any'), ('are there <anps>?', 'any'), ('<cmd> <anps>', 'any'), ('<cmd> <anp>', 'any'),
    ('<polite> <anp>', 'any'), ('can you see <anp>?', 'any'),
    ('do you see <anp>?', 'any'), ('<anp>?', 'any'), ('<lead> is there <anp>?', 'any'), ('<anps>?', 'any'),
    ('<lead> are there <anps>?', 'any'), ('do you notice <anp>?', 'any'),
)  # fmt: skip

WH_FRAMES: tuple[tuple[str, str], ...] = (
    ('<wh>?', 'any'), ('<wh>?', 'any'), ('<wh>?', 'any'), ('<wh>?', 'any'), ('<tell> <wh>', 'any'),
    ('<tell> <wh>', 'any'), ('<wh> <tail>?', 'any'), ('<lead> <wh>?', 'any'), ('so <wh>?', 'any'),
    ('<tell> <wh> <tail>', 'any'), ('<lead> <tell> <wh>', 'any'), ('and <wh>?', 'any'), ('<wh>, please?', 'any'),
)  # fmt: skip

# Frames about a noun whose kind of change is said by the verb.
BARE_FRAMES: tuple[tuple[str, str], ...] = (
    ('<bare> <vp>', 'one many'), ('<bare> <vp>', 'one many'), ('where @was <bare> <part>?', 'one many'),
    ('it seems that <bare> <vp>', 'one many'), ('@was <bare> <part>?', 'one many'), ('did <bare> <inf>?', 'one many'),
    ('i think <bare> <vp>', 'one many'), ('where did <bare> <inf>?', 'one many'),
    ('someone said that <bare> <vp>', 'one'),
    ('@has <bare> been <part>?', 'one many'), ('<cmd> where <bare> <vp>', 'one many'), ('<abare> <vp>', 'one'),
    ('<cmd> the place where <abare> <vp>', 'one'), ('is it true that <bare> <vp>?', 'one many'),
    ('@has <abare> been <part>?', 'one'), ('did <abare> <inf>?', 'one'), ('where did <abare> <inf>?', 'one'),
    ('<showme> the spot where <abare> <vp>', 'one'), ('where @was <abare> <part>?', 'one'),
    ('look, <bare> <vp>', 'one many'),
    ('it looks like <abare> <vp>', 'one'), ('<cmd> the area where <abare> <vp>', 'one'),
)  # fmt: skip

# Frames about a noun that leave the kind open.
VAGUE_NOUN_FRAMES: tuple[tuple[str, str], ...] = (
    ('what happened to <bare>?', 'one many'), ('what is different about <bare>?', 'one many'),
    ('what changed about <bare>?', 'one many'), ('<cmd> what happened to <bare>', 'one many'),
    ('what has happened to <bare>?', 'one many'), ('<cmd> the change that involves <bare>', 'one'),
    ('<cmd> the changes that involve <bare>', 'many'), ('the difference that concerns <bare>', 'one'),
    ('how do the pictures differ with regard to <bare>?', 'one many'), ('<tell> what happened to <bare>', 'one many'),
    ('is there any change to <bare>?', 'one many'), ('what about <bare>?', 'one many'),
    ('any change concerning <bare>?', 'one many'), ('the change with <bare>', 'one'), ('<bare>', 'one many'),
    ('did anything happen to <bare>?', 'one many'), ('<tell> what is different about <bare>', 'one many'),
    ('<lead> what happened to <bare>?', 'one many'), ('what was done to <bare>?', 'one many'),
    ("what's different about <bare>?", 'one many'), ("what's up with <bare>?", 'one many'),
    ('<cmd> the difference that has to do with <bare>', 'one'), ('<cmd> <bare>', 'one many'),
)  # fmt: skip

REMOVE_FRAMES: tuple[tuple[str, str], ...] = (
    ('where was <bare> before?', 'one'), ('where did <bare> use to be?', 'one many'),
    ('<cmd> where <bare> used to be', 'one many'), ('<showme> the spot where <bare> @was before', 'one many'),
    ('someone took away <bare>', 'one many'), ('<cmd> the empty spot where <bare> @was', 'one'),
    ('<cmd> the place that <bare> disappeared from', 'one'), ('who took away <bare>?', 'one many'),
)  # fmt: skip

ADD_FRAMES: tuple[tuple[str, str], ...] = (
    ('someone added <abare>', 'one'), ('somebody put <abare> there', 'one'),
    ('where did they add <abare>?', 'one'), ('<cmd> where <abare> was added', 'one'),
    ('<abare> was added, where?', 'one'), ('which spot got <abare> added?', 'one'),
)  # fmt: skip

REPLACE_FRAMES: tuple[tuple[str, str], ...] = (
    ('what did <bare> turn into?', 'one many'), ('what replaced <bare>?', 'one many'),
    ('what is there now in place of <bare>?', 'one many'), ('what took the place of <bare>?', 'one many'),
    ('what was put in the place of <bare>?', 'one many'), ('<cmd> what replaced <bare>', 'one many'),
    ('<cmd> what <bare> turned into', 'one many'), ('what became of <bare> when it was replaced?', 'one'),
    ('what stands where <bare> used to be?', 'one'), ('<tell> what <bare> @was replaced by', 'one many'),
    ('what @was <bare> swapped for?', 'one many'), ('someone replaced <bare>', 'one many'),
    ('somebody swapped <bare> for something else', 'one many'), ('<cmd> the thing that replaced <bare>', 'one'),
)  # fmt: skip

MOVE_FRAMES: tuple[tuple[str, str], ...] = (
    ('where did <bare> move to?', 'one many'), ('where @was <bare> moved to?', 'one many'),
    ('<cmd> where <bare> @was moved to', 'one many'), ('which way did <bare> move?', 'one many'),
    ('someone moved <bare>', 'one many'), ('somebody put <bare> somewhere else', 'one many'),
    ('<cmd> the new position of <bare> that @was moved', 'one many'),
)  # fmt: skip

RECOLOUR_FRAMES: tuple[tuple[str, str], ...] = (
    ('what colour did <bare> take on?', 'one many'), ('someone repainted <bare>', 'one many'),
    ('somebody changed the colour of <bare>', 'one many'), ('how did the colour of <bare> change?', 'one many'),
    ('is there a change in the colour of <bare>?', 'one many'), ('<bare> in a new colour', 'one many'),
)  # fmt: skip

NEW_LABEL_FRAMES: tuple[tuple[str, str], ...] = (
    ('what was replaced by {new}<pp>?', 'any'), ('what turned into {new}<pp>?', 'any'),
    ('what became {new}<pp>?', 'any'), ('<cmd> what was swapped for {new}<pp>', 'any'),
    ('{new} took the place of something<pp>', 'one'), ('where did {new} take the place of something else<pp>?', 'one'),
    ('what is {new} now<pp>?', 'any'), ('<cmd> the swap for {new}<pp>', 'one'),
    ('something was replaced by {new}<pp>', 'any'), ('<tell> what was exchanged for {new}<pp>', 'any'),
    ('<cmd> where {new} replaced something<pp>', 'one'), ('which thing did they swap for {new}<pp>?', 'one'),
)  # fmt: skip

ALL_FRAMES: tuple[tuple[str, str], ...] = (
    ('<cmd> everything that <vp1>', 'any'), ('<cmd> <allof> <nominals>', 'any'),
    ('<polite> everything that <vp1>', 'any'),
    ('<polite> <allof> <nominals>', 'any'), ('what are the <nominals> between <both>?', 'any'), ('what <vp1>?', 'any'),
    ('<cmd> <allof> <nominals> between <both>', 'any'), ('what <vp1> <tail>?', 'any'), ('<lead> what <vp1>?', 'any'),
    ('spot the differences', 'any'), ('spot all the differences between <both>', 'any'), ('<allof> <nominals>', 'any'),
    ('list <allof> <nominals>', 'any'), ('compare <both> and <cmd> <allof> <nominals>', 'any'),
    ('everything that <vp1>', 'any'), ('everything <adj>', 'any'), ('<cmd> everything <adj>', 'any'),
    ('<cmd> whatever <vp1>', 'any'), ('<tell> what <vp1>', 'any'), ('<tell> everything that <vp1>', 'any'),
    ('how do <two> differ?', 'any'), ('where do <two> differ?', 'any'), ('<cmd> every part that <vp1>', 'any'),
    ('<tell> where <two> differ', 'any'), ('<cmd> all places where <two> differ', 'any'),
    ('<cmd> each and every <nominal>', 'any'), ('<polite> every <nominal> you can find', 'any'),
    ('is there any <nominal> between <both>?', 'any'), ('did anything change <tail>?', 'any'),
    ('any <nominals>?', 'any'),
    ('are there any <nominals> between <both>?', 'any'), ('<cmd> any and all <nominals>', 'any'),
    ('have <two> got any <nominals>?', 'any'), ('what is not the same in <two>?', 'any'),
    ('what has been <part>?', 'any'),
    ('is anything different?', 'any'), ('has anything been <part>?', 'any'), ("what's different <tail>?", 'any'),
    ("what's changed?", 'any'), ('everything that is not the same in <two>', 'any'), ('<cmd> all that <vp1>', 'any'),
    ('<cmd> the <nominals>', 'many'), ('the <nominals> between <both>', 'many'), ('<cmd> the <nominal>', 'one'),
    ('the <nominal> between <both>', 'one'), ('what is the <nominal> between <both>?', 'one'),
    ('where is the <nominal>?', 'one'), ('spot the difference', 'one'), ('<cmd> the only <nominal>', 'one'),
    ('<cmd> the one thing that <vp1>', 'one'), ('where are the <nominals>?', 'many'),
    ('how many things <vpn>? mark them all', 'any'), ('<cmd> the full set of <nominals>', 'any'),
)  # fmt: skip
