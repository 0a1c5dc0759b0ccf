"""Reports of mistakes: the link that makes one, and the files in which they come back."""

import html
import json
import mailbox
from email.message import EmailMessage
from email.utils import make_msgid
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errata import FileError, InputError, LabelError
from errata.exchange.reports import (
    LONGEST_REASON,
    as_rows,
    check_report,
    report_link,
    report_pattern,
    reports_in,
)

CLASSES = ("cat", "dog", "fox")
ABOUT = {"audit": "pets", "id": "17", "index": 17, "given": "cat"}
words = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Zl", "Zp")))


def check(*, multilabel=False, **row):
    return check_report(
        {"id": "1", **row},
        index_of=int,
        n=9,
        classes=CLASSES,
        audit="pets",
        given_of=lambda _: (0,) if multilabel else 0,
        multilabel=multilabel,
    )


def body_of(link):
    return parse_qs(urlsplit(link).query, strict_parsing=True)["body"][0]


def mail(text, *, marked=None):
    message = EmailMessage()
    message["From"] = "Ann <ann@example.org>"
    message["Message-ID"] = make_msgid()
    message.set_content(text, cte="quoted-printable")
    if marked is not None:
        message.add_alternative(marked, subtype="html")
    return message


@given(words, words, st.sampled_from(["a@b.org", "https://b.org/new?labels=x"]))
def test_what_a_link_writes_is_what_is_read(id_, reason, to):
    link = report_link(to, **ABOUT | {"id": id_}, label="dog", version="1.1.0", reason=reason)
    assert reports_in(body_of(link)) == [
        {
            "errata_report": 1,
            "audit": "pets",
            "version": "1.1.0",
            "id": id_,
            "index": 17,
            "given": "cat",
            "label": "dog",
            "reason": reason,
        }
    ]


def test_a_link_goes_where_the_maintainer_says():
    link = report_link("mailto:a@b.org", **ABOUT, label=["dog", "fox"])
    assert link.startswith(
        "mailto:a@b.org?subject=pets%3A%20the%20label%20of%2017&body=The%20label"
    )
    assert "It should be: dog + fox\r\n\r\n" in unquote(link)
    assert "+" not in link, "which a mail program would take as it is"
    lab = "https://lab.org/o/p/-/issues/new?issue[title]={title}&issue[description]={body}"
    assert report_pattern(lab) == lab
    assert report_link(lab, **ABOUT).startswith(
        "https://lab.org/o/p/-/issues/new?issue[title]=pets"
    )


@given(
    st.sampled_from(["a@b.org", "mailto:a@b.org?cc=c@d.org", "https://b.org/new", "http://b/?q"])
)
def test_a_pattern_is_its_own_pattern(to):
    assert report_pattern(report_pattern(to)) == report_pattern(to)


@pytest.mark.parametrize(
    "to", ["", "ann", "mailto:ann", "javascript:alert(1)", "https://", "a@b c"]
)
def test_an_address_to_which_nothing_can_be_sent_is_told(to):
    with pytest.raises(InputError, match="Mistakes cannot be reported to .*A mail address"):
        report_pattern(to)


def sent(tmp_path, name):
    """Write a file in which the same report arrives, as each kind of file has it."""
    link = report_link("a@b.org", **ABOUT, label="dog", reason="it barks, and how it barks " * 5)
    body = body_of(link).replace("\r\n", "\n")
    path, row = tmp_path / name, reports_in(body)[0]
    if name.endswith(".eml"):
        path.write_bytes(bytes(mail(body)))
    elif name.endswith(".mbox"):
        box = mailbox.mbox(path)
        box.add(mail("Hello"))
        only_html = EmailMessage()
        only_html.set_content(html.escape(body).replace("\n", "<br>\n"), subtype="html")
        box.add(only_html)
        box.close()
    elif name == "issues.json":
        path.write_text(
            json.dumps([{"title": "x", "body": body, "id": 16, "number": 4}, {"body": "Thanks!"}])
        )
    elif name.endswith((".txt", ".md")):
        path.write_text(body)
    elif name.endswith(".csv"):
        path.write_text(f"id,label,given,reason\n17,dog,cat,'{row['reason']}'\n".replace("'", '"'))
    else:
        path.write_text(json.dumps(row) + "\n")
    return path


@pytest.mark.parametrize(
    "name", ["a.eml", "a.mbox", "issues.json", "a.txt", "a.md", "a.csv", "a.json", "a.jsonl"]
)
def test_every_file_says_the_same(tmp_path, name):
    read = as_rows(sent(tmp_path, name))
    (row,) = read.rows
    assert (row["id"], row["label"], row["given"]) == ("17", "dog", "cat")
    assert " ".join(row["reason"].split()) == " ".join(["it barks, and how it barks"] * 5)
    assert row["where"].startswith(name)
    left_out = {
        "a.mbox": ["a.mbox, message 1: there is no report in it"],
        "issues.json": ["issues.json, report 2: there is no report in it"],
    }
    assert read.left_out == left_out.get(name, [])


def test_the_same_words_in_two_issues_are_two_reports(tmp_path):
    body = '{"errata_report":1,"id":"1","label":"dog"}'
    kinds = (
        lambda number: {"number": number},
        lambda number: {"iid": number},
        lambda number: {"url": f"https://example.org/issues/{number}"},
        lambda number: {"url": f"https://example.org/{number}/issues/4", "number": 4},
        lambda number: {"id": f"I_{number}"},
    )
    about = {"index_of": int, "n": 20, "classes": ["cat", "dog"], "audit": "pets"}
    for kind in kinds:
        issues = [kind(number) | {"body": body} for number in (4, 5, 4)]
        (tmp_path / "issues.json").write_text(json.dumps(issues))
        found = [
            check_report(row, given_of=lambda _: 0, **about)
            for row in as_rows(tmp_path / "issues.json").rows
        ]
        first, second, again = (one["key"] for one in found)
        assert first == again != second
        assert {one["example"] for one in found} == {1}, "an issue's own id is not an example's"


def test_a_line_that_a_mail_program_broke_is_put_together():
    line = '{"errata_report":1,"audit":"my pets","id":"1","reason":"it barks a lot"}'
    for broken in (line.replace(" ", "\n"), line.replace(" ", " \r\n")):
        (found,) = reports_in(f"Hello\n{broken}\nAnn")
        assert (found["audit"], found["reason"]) == ("my pets", "it barks a lot")


def test_what_is_quoted_is_not_read_again_and_both_parts_of_a_mail_are_one(tmp_path):
    line = '{"errata_report":1,"id":"1"}'
    (tmp_path / "a.eml").write_bytes(bytes(mail(line, marked=f"<p>{line}</p>")))
    assert len(as_rows(tmp_path / "a.eml").rows) == 1
    assert reports_in(f"> {line}") == []
    quoted = EmailMessage()
    quoted.set_content(f"<p>Thanks</p><blockquote><p>{line}</p></blockquote>", subtype="html")
    (tmp_path / "b.eml").write_bytes(bytes(quoted))
    assert as_rows(tmp_path / "b.eml").rows == []


def test_a_mail_in_any_character_set_is_read(tmp_path):
    line = '{"errata_report":1,"id":"é"}'
    for number, (charset, encoded) in enumerate(
        [("iso-8859-1", line.encode("latin-1")), ("no-such-set", line.encode())]
    ):
        head = f"Content-Type: text/plain; charset={charset}\n\n".encode()
        path = tmp_path / f"{number}.eml"
        path.write_bytes(head + encoded)
        assert as_rows(path).rows[0]["id"] == "é"


def test_files_that_cannot_be_read_are_told(tmp_path):
    for name in ("gone.mbox", "gone.eml", "gone.csv", "gone.txt"):
        with pytest.raises(FileError, match="gone.* does not exist; a file of reports"):
            as_rows(tmp_path / name)
    (tmp_path / "a.csv").write_text("example,label\n1,dog\n")
    with pytest.raises(LabelError, match="no column 'id'; its columns are example, label"):
        as_rows(tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"errata_report": 2}, "written in form 2, and this errata reads form 1"),
        ({"audit": "cars"}, "about the audit 'cars', and this one is 'pets'"),
        ({"index": 2}, "The example '1' has index 1, and the report says 2"),
        ({"given": "dog"}, "the given label of 1 is 'dog', which it is not"),
        ({"label": "dgo"}, "There is no class 'dgo'. Did you mean 'dog'"),
        ({"id": None}, "The example is missing"),
        (reports_in('{"errata_report":1,"id":')[0], "cut short, or was changed"),
    ],
)
def test_a_report_that_cannot_be_taken_is_told_why(row, message):
    with pytest.raises(InputError, match=message):
        check(**row)


def test_a_report_needs_no_more_than_an_example():
    found = check()
    assert (found["example"], found["label"], found["reason"]) == (1, None, "")
    assert check(label="", given="", audit=" ") == found
    assert check(index="1", given=0) == found
    assert check(label=["dog", "cat"], given=["cat"], multilabel=True)["label"] == (0, 1)
    assert check(label=[], multilabel=True)["label"] == ()


def test_the_same_report_has_the_same_key_and_two_people_are_two_reports():
    one = {"label": "dog", "reason": "it barks", "message": "<1@b>"}
    assert check(**one)["key"] == check(**one, given="cat")["key"]
    others = [check(**one | other)["key"] for other in ({"message": "<2@b>"}, {"label": "fox"})]
    assert check(**one)["key"] not in others


def test_a_reason_is_kept_in_a_line_that_can_be_shown():
    assert check(reason=" it\nbarks\x1b[31m ")["reason"] == "it barks\N{REPLACEMENT CHARACTER}[31m"
    long = check(reason="a" * 5000)["reason"]
    assert (len(long), long[-1]) == (LONGEST_REASON, "…")
