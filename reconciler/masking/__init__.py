"""What looks secret, by its name or by its shape, and how it is kept out of every output.

A name is secret when one of its words is (`names.py`); its values are masked whole. In any other
text (`text.py`), what has the shape of a credential is (`shapes.py`), what a command or a sentence
gives away (`commands.py`, `prose.py`), and what is found when it is decoded (`encoded.py`); and of
a file, line by line, what belongs to a secret name on this line or another (`lines.py`). What is
kept in a file has none of it (`left_out.py`). Masking what is masked changes nothing, and every
scan is linear in the length of its text.
"""

from reconciler.masking.left_out import GONE, without_secrets
from reconciler.masking.lines import MOST_OF_A_LINE, mask_line, mask_lines
from reconciler.masking.names import MASK, is_secret
from reconciler.masking.text import mask_text, mask_user_info
from reconciler.masking.values import mask

__all__ = [
    "GONE",
    "MASK",
    "MOST_OF_A_LINE",
    "is_secret",
    "mask",
    "mask_line",
    "mask_lines",
    "mask_text",
    "mask_user_info",
    "without_secrets",
]
