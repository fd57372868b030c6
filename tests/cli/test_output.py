"""What goes to a terminal cannot steer it."""

import pytest

from pdp.cli.output import Page, complain, print_json, printable


@pytest.mark.parametrize("text", ["sg-1", "Größe 10 µs → ok", "a b"])
def test_printable_text_stays(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize("text", ["sg-\x1b[31m", "sg-\n1", "sg-\r1", "sg-\u202e1", "sg-\x00"])
def test_what_steers_a_terminal_is_replaced(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    Page().line(text)
    complain(text)
    captured = capsys.readouterr()
    assert captured.out.removesuffix("\n").isprintable()
    assert captured.err.removesuffix("\n").isprintable()


def test_markup_in_an_id_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    Page().line("[bold]sg-1[/bold] :smile:")
    assert capsys.readouterr().out == "[bold]sg-1[/bold] :smile:\n"


def test_a_long_line_is_not_wrapped(capsys: pytest.CaptureFixture[str]) -> None:
    Page().line("word " * 100)
    assert capsys.readouterr().out.count("\n") == 1


def test_json_is_one_line_of_ascii(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"name": "Größe\n\x1b"})
    assert capsys.readouterr().out == '{"name":"Gr\\u00f6\\u00dfe\\n\\u001b"}\n'
