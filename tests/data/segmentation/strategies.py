"""Texts that nobody writes and somebody sends."""

from hypothesis import strategies as st

PIECES = (
    *(
        "Angela Merkel",
        "met",
        "the UN",
        "in Geneva.",
        "Dr. J. Smith-Jones didn't",
        "U.S.",
        "e-mail",
    ),
    *("http://" + "x" * 200 + ".org/?q=1&r=2", "a@b.co", "x" * 3000, "[SEP]", "[MASK]"),
    *("\u200b", "\u200d", "\ufeff", "👍🏽", "👩\u200d👩\u200d👧", "🇩🇪", "e\u0301", "हिन्दी"),
    *("שלום", "\u202eevil\u202c", "مرحبا بالعالم", "北京。上海"),
    *("\x00", "\x07", "\x1b[31m", "\x1c", "\x85", "\u2028", "\u2029", "\ud800", "\udfff"),
    *("\r\n", "\n\n", "\t", "  ", "\xa0"),
    *("'", '"', "...", "?!", ":-)", ",", ")", "10:30am", "<3"),
)

hostile_texts = st.lists(
    st.sampled_from(PIECES)
    | st.sampled_from([" ", " ", " ", "."])
    | st.text(st.characters(), max_size=8),  # surrogates and control characters included
    max_size=25,
).map("".join)
