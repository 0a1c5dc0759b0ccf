"""The tables of an audit's database, as the newest migration leaves them.

What people did (votes, skips, plans, events) is added and never changed; the migrations install
triggers that refuse anything else. A vote's ``revision`` is odd where a reviewer answers and even
where the answer before it is withdrawn, so the newest revision says what the reviewer holds.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

HEAD = "0010"
"""The newest migration; a test holds this to the folder `migrations`."""

Large = BigInteger().with_variant(Integer, "sqlite")
"""A number that may need more than 31 bits."""

metadata = MetaData()

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1"), primary_key=True),  # one row
    Column("name", Text, nullable=False),
    Column("n", Integer, nullable=False),
    Column("classes", JSON, nullable=False),
    Column("seed", Large, nullable=False),  # of the order in which options are shown
    Column("multilabel", Boolean, nullable=False, server_default="0"),  # sets of labels
    Column("media", JSON),  # how to open what is shown, or nothing
    Column("errata", Text, nullable=False),  # the version that made the audit
    Column("created_at", Text, nullable=False),
)

arrays = Table(
    "arrays",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("role", Text, nullable=False),  # labels, probs, ids, groups, ...
    Column("path", Text, nullable=False),  # relative to the audit when inside it
    Column("sha256", Text, nullable=False),
    Column("shape", JSON),
    Column("dtype", Text),
)

findings = Table(
    "findings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("rule", Text, nullable=False),
    Column("score", Text, nullable=False),
    Column("compat", Text),
    Column("settings", JSON, nullable=False),
    Column("flagger", Text, nullable=False),  # what proposed the suggested labels
    Column("estimated_errors", Integer),  # nothing, as below, where candidates were handed in
    Column("thresholds", JSON(none_as_null=True)),
    Column("warnings", JSON, nullable=False),
    Column("probs", Integer, ForeignKey("arrays.id")),  # nothing where several were averaged
    Column("averaged", JSON(none_as_null=True)),  # the numbers of their arrays, in order
    Column("self_confidence", Integer, ForeignKey("arrays.id")),
    Column("errata", Text, nullable=False),
    Column("created_at", Text, nullable=False),
)

predicted = Table(
    "predicted",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),  # the model's, or model-2, ...
    Column("model", Text, nullable=False),
    Column("probs", Integer, ForeignKey("arrays.id"), nullable=False),
    Column("folds", Integer, ForeignKey("arrays.id"), nullable=False),  # that held it out
    Column("accuracy", Float, nullable=False),
    Column("log_loss", Float, nullable=False),
    Column("calibration_error", Float, nullable=False),
    Column("train_accuracy", Float, nullable=False),
    Column("record", JSON, nullable=False),  # settings, seed, versions, hashes of the data
    Column("warnings", JSON, nullable=False),
    Column("errata", Text, nullable=False),
    Column("created_at", Text, nullable=False),
)

candidates = Table(
    "candidates",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("finding", Integer, ForeignKey("findings.id"), nullable=False),
    Column("example", Integer, nullable=False),
    Column("rank", Integer, nullable=False),  # 1 is the most suspicious
    Column("given", JSON, nullable=False),  # a class, or the sorted classes of a set
    Column("suggested", JSON, nullable=False),
    Column("score", Float, nullable=False),
    Column("rules", JSON, nullable=False),  # every rule that flags the example
    Column("drawn", Boolean, nullable=False, server_default="0"),  # by a plan, and not flagged
    UniqueConstraint("finding", "example"),
    UniqueConstraint("finding", "rank"),
    Index("candidates_of_example", "example"),
)

plans = Table(
    "plans",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("finding", Integer, ForeignKey("findings.id"), nullable=False),
    Column("goal", Text, nullable=False),
    Column("votes", Integer, nullable=False),  # wanted for each candidate
    Column("threshold", Integer, nullable=False),
    Column("budget", Integer),  # at most so many examples
    Column("seed", Large),  # of chance, where it drew them
    Column("stopping", Text, nullable=False, server_default="off"),  # or 'exact'
    Column("full_share", Float, nullable=False, server_default="0"),  # of what is asked in full
    Column("question", Text, nullable=False, server_default="pair"),  # or 'pooled', 'choice'
    Column("options", Integer),  # of 'choice': so many classes; nothing: all of them
    Column("extra", JSON(none_as_null=True)),  # answers that are no class
    Column("created_at", Text, nullable=False),
)

planned = Table(
    "planned",
    metadata,
    Column("id", Integer, primary_key=True),  # also the order of asking
    Column("plan", Integer, ForeignKey("plans.id"), nullable=False),
    Column("candidate", Integer, ForeignKey("candidates.id"), nullable=False),
    Column("example", Integer, nullable=False, unique=True),  # a later plan only adds
    Column("position", Integer, nullable=False),
    Column("probability", Float, nullable=False),  # with which it was drawn from what was left
    Column("stratum", Integer),  # that it was drawn in; nothing where chance had no part
    Column("options", JSON(none_as_null=True)),  # the sorted classes to choose from, if not all
    Column("suggested", JSON(none_as_null=True)),  # asked about in place of the candidate's
    Index("planned_of_candidate", "candidate"),
)

# The next tables, down to `pauses`, are the only ones whose rows change: what they say follows from
# the others, or is forgotten after some time; or it is taken back.

standing = Table(
    "standing",
    metadata,
    Column("example", Integer, ForeignKey("planned.example"), primary_key=True),
    Column("place", Integer, nullable=False),  # in the order of asking: the id in `planned`
    Column("full", Boolean, nullable=False),  # asked for all votes even where asking may stop
    Column("votes", Integer, nullable=False),  # that count
    Column("needs", Integer, nullable=False),  # how many more to ask for at least; 0: none
    Index(
        "standing_open", "place", sqlite_where=text("needs > 0"), postgresql_where=text("needs > 0")
    ),
)

counts = Table(
    "counts",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1"), primary_key=True),  # one row
    Column("open", Integer, nullable=False),  # examples in `standing` that need votes
)

leases = Table(
    "leases",
    metadata,
    Column("reviewer", Integer, ForeignKey("reviewers.id"), primary_key=True),
    Column("example", Integer, ForeignKey("planned.example"), nullable=False),
    Column("place", Integer, nullable=False),  # of the example, in the order of asking
    Column("until", Float, nullable=False),  # in seconds since 1970; 0: they hold nothing any more
    Index("leases_of_example", "example"),
)

invitations = Table(
    "invitations",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("role", Text, CheckConstraint("role IN ('reviewer', 'maintainer')"), nullable=False),
    Column("expires", Float, nullable=False),  # in seconds since 1970
    Column("revoked_at", Text),
    Column("created_at", Text, nullable=False),
)

accounts = Table(
    "accounts",
    metadata,
    Column("name", Text, primary_key=True),
    Column("hash", Text, nullable=False),  # of the password, by argon2
    Column("since", Text, nullable=False),  # that password
)

sessions = Table(
    "sessions",
    metadata,
    Column("key", Text, primary_key=True),  # SHA-256 of what the browser keeps
    Column("name", Text, nullable=False),  # of the account, or of the machine
    Column("expires", Float, nullable=False),  # in seconds since 1970
    Column("ended", Boolean, nullable=False),
)

pauses = Table(
    "pauses",
    metadata,
    Column("name", Text, primary_key=True),  # of the reviewer; empty: everybody
    Column("since", Text, nullable=False),
)

reviewers = Table(
    "reviewers",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column(
        "kind", Text, CheckConstraint("kind IN ('person', 'simulated', 'imported')"), nullable=False
    ),
)

votes = Table(
    "votes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("example", Integer, ForeignKey("planned.example"), nullable=False),
    Column("reviewer", Integer, ForeignKey("reviewers.id"), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("answer", Text),  # nothing: withdrawn
    Column(
        "said", Text, CheckConstraint("said IS NULL OR coalesce(answer, '') = 'other'")
    ),  # in their word
    Column("labels", JSON(none_as_null=True)),  # the sorted classes that answer 'labels' ticks
    Column("first", Text, CheckConstraint("\"first\" IN ('given', 'suggested')")),  # shown first
    Column("shown", JSON(none_as_null=True)),  # the classes of 'labels' in the order shown
    Column("created_at", Text),
    Column(
        "kind", Text, CheckConstraint("kind IN ('person', 'simulated', 'imported')"), nullable=False
    ),
    Column("note", Text),  # about where the vote came from
    Column("key", Text, nullable=False),
    UniqueConstraint("reviewer", "key"),
    UniqueConstraint("reviewer", "example", "revision"),
    CheckConstraint("answer IN ('given', 'suggested', 'both', 'neither', 'other', 'labels')"),
    CheckConstraint("(labels IS NOT NULL) = (coalesce(answer, '') = 'labels')"),
    CheckConstraint("revision > 0 AND (answer IS NULL) = (revision % 2 = 0)"),
    Index("votes_of_example", "example", "answer"),
    Index(
        "votes_withdrawn",
        "reviewer",
        sqlite_where=text("answer IS NULL"),
        postgresql_where=text("answer IS NULL"),
    ),
)

skips = Table(
    "skips",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("example", Integer, ForeignKey("planned.example"), nullable=False),
    Column("reviewer", Integer, ForeignKey("reviewers.id"), nullable=False),
    Column("revision", Integer, nullable=False),  # the reviewer's newest for the example, or 0
    Column("created_at", Text, nullable=False),
    Index("skips_of_reviewer", "reviewer", "example"),
)

adjudications = Table(
    "adjudications",
    metadata,
    Column("id", Integer, primary_key=True),  # the newest of an example is what holds
    Column("example", Integer, ForeignKey("planned.example"), nullable=False),
    Column("answer", Text),  # nothing: what was decided is taken back
    Column("labels", JSON(none_as_null=True)),  # the sorted classes that answer 'labels' is for
    Column("reason", Text, nullable=False),
    Column("maintainer", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    CheckConstraint("answer IN ('given', 'suggested', 'both', 'neither', 'labels')"),
    Index("adjudications_of_example", "example"),
)

gold = Table(
    "gold",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("example", Integer, nullable=False, unique=True),
    Column("given", Integer, nullable=False),  # as it is shown, which need not be what it is given
    Column("suggested", Integer, nullable=False),
    Column(
        "answer",
        Text,
        CheckConstraint("answer IN ('given', 'suggested', 'both', 'neither')"),
        nullable=False,
    ),  # the known one
    Column("source", Text, CheckConstraint("source IN ('named', 'made')"), nullable=False),
    Column("created_at", Text, nullable=False),
)

gold_rates = Table(
    "gold_rates",
    metadata,
    Column("id", Integer, primary_key=True),  # the newest counts
    Column("rate", Float, nullable=False),  # of what a reviewer is asked, so much is gold
    Column("created_at", Text, nullable=False),
)

gold_answers = Table(
    "gold_answers",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("example", Integer, ForeignKey("gold.example"), nullable=False),
    Column("reviewer", Integer, ForeignKey("reviewers.id"), nullable=False),
    Column("revision", Integer, nullable=False),  # as of votes
    Column("answer", Text),  # nothing: withdrawn
    Column("said", Text),
    Column("first", Text, CheckConstraint("\"first\" IN ('given', 'suggested')")),
    Column("vote", Integer, nullable=False),  # the newest vote of anybody then: what came before
    Column("created_at", Text, nullable=False),
    Column("key", Text, nullable=False),
    UniqueConstraint("reviewer", "key"),
    UniqueConstraint("reviewer", "example", "revision"),
    CheckConstraint("answer IN ('given', 'suggested', 'both', 'neither', 'other')"),
    CheckConstraint("revision > 0 AND (answer IS NULL) = (revision % 2 = 0)"),
)

gold_skips = Table(
    "gold_skips",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("example", Integer, ForeignKey("gold.example"), nullable=False),
    Column("reviewer", Integer, ForeignKey("reviewers.id"), nullable=False),
    Column("revision", Integer, nullable=False),  # the reviewer's newest for the example, or 0
    Column("skip", Integer, nullable=False),  # the newest skip of anybody then: what came before
    Column("created_at", Text, nullable=False),
    Index("gold_skips_of_reviewer", "reviewer", "example"),
)

panels = Table(
    "panels",
    metadata,
    Column("invitation", Integer, ForeignKey("invitations.id"), primary_key=True),
    Column("parameter", Text, nullable=False),  # of the address, that names a participant
    Column("answers", Integer),  # of each participant; nothing: as many as there are
    Column("code", Text, nullable=False),  # shown at the end
    Column("url", Text),  # where participants go then
)

participants = Table(
    "participants",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("panel", Integer, ForeignKey("panels.invitation"), nullable=False),
    Column("participant", Text, nullable=False),  # as the panel calls them: never leaves the audit
    Column("name", Text, nullable=False),  # under which they review
    Column("answered", Integer, nullable=False),  # before they came by this panel
    Column("created_at", Text, nullable=False),
    UniqueConstraint("panel", "participant"),
    Index("participants_of_name", "name"),
)

reports = Table(
    "reports",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("example", Integer, nullable=False),
    Column("label", JSON(none_as_null=True)),  # that is said to be right; nothing: not said
    Column("reason", Text, nullable=False),
    Column("version", Text),  # of the release that it is about, as the report has it
    Column("source", Text, nullable=False),  # the file, and the line or the message in it
    # how the example stood then: its verdict (nothing: not decided), the labels that it accepts,
    # and the newest adjudication that held, or 0
    Column("verdict", Text),
    Column("accepted", JSON, nullable=False),
    Column("adjudication", Integer, nullable=False),
    Column("key", Text, nullable=False, unique=True),  # a hash of all that is reported
    Column("created_at", Text, nullable=False),
    Index("reports_of_example", "example"),
)

releases = Table(
    "releases",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("version", Text, nullable=False),  # of its content
    Column("path", Text, nullable=False),
    Column("threshold", JSON, nullable=False),  # a list where plans have different ones
    Column("manifest_sha256", Text, nullable=False),
    Column("created_at", Text, nullable=False),
)

released = Table(
    "released",
    metadata,
    Column("release", Integer, ForeignKey("releases.id"), primary_key=True),
    Column("example", Integer, primary_key=True),
    Column("verdict", Text, nullable=False),
    Column("corrected", JSON, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("verb", Text, nullable=False),
    Column("details", JSON, nullable=False),
    Column("created_at", Text, nullable=False),
)
