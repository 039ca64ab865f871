"""The words a model does not know are named, and no others."""

from framejam_server.session.words import known_words, unknown_words

VOCABULARY = {
    "subjects": ("butterfly", "cat"),
    "colours": ("red",),
    "backgrounds": ("over a green meadow",),
    "motions": ("moving to the right",),
}
KNOWN = known_words(VOCABULARY)


def test_words_of_phrases_are_known_one_by_one():
    assert unknown_words(["a Red butterfly, over the meadow!", "moving right"], KNOWN) == ()


def test_unknown_words_are_named_once_in_the_order_they_were_said():
    said = ["a red dragon over a castle", "the dragon is moving"]
    assert unknown_words(said, KNOWN) == ("dragon", "castle")


def test_numbers_and_filler_are_not_complained_about():
    assert unknown_words(["2 cats and a cat with 3 ___", ""], KNOWN) == ("cats",)


def test_words_of_any_script_count():
    assert unknown_words(["ein roter Schmetterling, 蝶"], KNOWN) == (
        "ein",
        "roter",
        "schmetterling",
        "蝶",
    )


def test_a_model_that_lists_no_words_knows_all():
    assert unknown_words(["anything at all"], known_words({})) == ()
