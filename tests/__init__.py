"""What the product is held to; the first line of each folder says how.

`pure` and `services` have the package's rooms: what `steps/judge` is held to is in
`pure/steps/judge`.
"""

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
