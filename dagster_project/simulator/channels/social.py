"""Social networks: posts with their figures after thirty days, comments on them as the listening tool collects them,
followers day by day.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from dagster_project.simulator.calendar import DAY, date_text, day_of, local_day, to_utc, utc_text
from dagster_project.simulator.columns import (
    NONE,
    Ints,
    Table,
    Text,
    blank,
    choose,
    joined,
    numbers,
    padded,
    pick,
    runs,
    stream,
)
from dagster_project.simulator.records import Scene
from dagster_project.simulator.render import Cells, quoted
from dagster_project.simulator.verbatims import comment_book, labels
from dagster_project.simulator.writers import Dialect, FileKey, Landing

PLATFORMS = ("instagram", "facebook", "tiktok", "youtube")
_POSTS_A_DAY = (0.55, 0.4, 0.3, 0.1)
_FOLLOWERS = (42_000, 65_000, 18_000, 6_500)
_RATE = (0.032, 0.011, 0.055, 0.024)  # engagement per impression
_TYPES = ("image", "video", "story", "text", "carousel")
_TYPE_SHARES = (
    (0.35, 0.25, 0.15, 0.0, 0.25),
    (0.4, 0.25, 0.0, 0.25, 0.1),
    (0.0, 1.0, 0.0, 0.0, 0.0),
    (0.0, 0.9, 0.0, 0.1, 0.0),
)

COLLECTED_SHARE, COLLECTED_MOST = 0.2, 40  # of a post's comments: those that speak of the retailer
ENGLISH_SHARE, MOODS = 0.14, (0.5, 0.22, 0.28)  # good, middling, bad
_HANDLES = ("camille", "leo_deco", "maison_du_lac", "ines", "hugo", "chez_nous", "sophie", "atelier", "jdupont", "lily")


def make_posts(scene: Scene) -> list[dict[str, Ints]]:
    """The posts of each platform, sorted by day, from a month before the window on."""
    window = scene.world.window
    rng = stream(scene.world.seed, "social")
    begin = window.first - 31
    posts_of_platform = []
    for number, _platform in enumerate(PLATFORMS):
        span = window.days + 31
        posts = max(int(rng.poisson(_POSTS_A_DAY[number] * span)), 2)
        day = np.sort(rng.integers(begin, window.last + 1, posts))
        measured = day + 30
        kind = rng.choice(5, size=posts, p=_TYPE_SHARES[number])
        followers = (_FOLLOWERS[number] * (1 + 0.3 * (day - begin) / max(span, 1))).astype(np.int64)
        impressions = (followers * rng.lognormal(-0.6, 0.7, posts)).astype(np.int64) + 50
        engagement = rng.poisson(impressions * _RATE[number] * np.array([1.0, 1.5, 0.7, 0.6, 1.3])[kind])
        likes = rng.binomial(engagement, 0.86)
        comments = rng.binomial(engagement - likes, 0.45)
        columns = {
            "day": day,
            "measured": measured,
            "kind": kind,
            "followers": followers,
            "impressions": impressions,
            "likes": likes,
            "comments": comments,
            "shares": engagement - likes - comments,
            "mentions": rng.poisson(1 + likes / 400),
            "hour": rng.integers(8 * 3600, 21 * 3600, posts),
            "campaign": rng.random(posts) < 0.12,
            "platform": np.full(posts, number),
            "serial": np.arange(posts),
        }
        posts_of_platform.append({name: column.astype(np.int64) for name, column in columns.items()})
    return posts_of_platform


def write_posts(scene: Scene, posts_of_platform: list[dict[str, Ints]], landing: Landing) -> None:
    """<platform>_posts_YYYY-MM-DD.csv, monthly: posts whose thirty days ended in the month."""
    window = scene.world.window
    month_ends = window.month_ends()
    files = []
    for number, posts in enumerate(posts_of_platform):
        for position, end in enumerate(month_ends):
            start = month_ends[position - 1] if position else window.first - 1
            inside = np.flatnonzero((posts["measured"] > start) & (posts["measured"] <= end))
            files.append((int(end), number, {name: column[inside] for name, column in posts.items()}))
    files.sort(key=lambda item: (item[0], item[1]))
    keys = [FileKey(f"{PLATFORMS[number]}_posts_{day_of(end)}.csv", end) for end, number, _ in files]
    table = {name: np.concatenate([part[name] for _, _, part in files]).astype(np.int64) for name in files[0][2]}
    file = np.repeat(np.arange(len(files)), [len(part["day"]) for _, _, part in files])

    def cells(chosen: Ints) -> Cells:
        part = {name: column[chosen] for name, column in table.items()}
        return {
            "platform": pick(pa.array(PLATFORMS), part["platform"]),
            "post_id": _post_ids(part["platform"], part["serial"]),
            "published_at": utc_text(to_utc(part["day"], part["hour"])),
            "content_type": pick(pa.array(_TYPES), part["kind"]),
            "campaign_id": pick(pa.array([None, "SOC-INSPIRATION"], pa.string()), part["campaign"]),
            "impressions": numbers(part["impressions"]),
            "reach": numbers(part["impressions"] * 8 // 10),
            "likes": numbers(part["likes"]),
            "comments": numbers(part["comments"]),
            "shares": numbers(part["shares"]),
            "mentions": numbers(part["mentions"]),
            "followers": numbers(part["followers"]),
            "measured_on": date_text(part["measured"]),
        }

    landing.write_text("social_post_insights", keys, file, cells, Dialect())


def _post_ids(platform: Ints, serial: Ints) -> Text:
    return joined(pick(pa.array(["ig_", "fb_", "tt_", "yt_"]), platform), padded(serial + 1, 6))


@dataclass(frozen=True)
class Comments(Table):
    """One row per comment collected, sorted by time. `sentence`: row of verbatims.comment_book; `replied_at` NONE
    without an answer of the brand.
    """

    platform: Ints
    post: Ints
    at: Ints
    sentence: Ints
    likes: Ints
    author: Ints
    replied_at: Ints


def make_comments(scene: Scene, posts_of_platform: list[dict[str, Ints]]) -> Comments:
    """Comments in the window that speak of the retailer: some of those a post is credited with, at most forty each."""
    window = scene.world.window
    rng = stream(scene.world.seed, "social comments")
    posts = {
        name: np.concatenate([part[name] for part in posts_of_platform])
        for name in ("platform", "serial", "day", "hour", "comments")
    }
    counts = np.minimum(rng.binomial(posts["comments"], COLLECTED_SHARE), COLLECTED_MOST)
    post, _ = runs(counts)
    size = len(post)
    at = to_utc(posts["day"], posts["hour"])[post] + rng.exponential(1.6 * DAY, size).astype(np.int64)
    book = comment_book()
    is_english = rng.random(size) < ENGLISH_SHARE
    mood = rng.choice(3, size=size, p=MOODS)
    sentence = np.zeros(size, dtype=np.int64)
    for english in (False, True):
        for number in range(3):
            fits = np.flatnonzero((book.is_english == english) & (book.mood == number))
            rows = np.flatnonzero((is_english == english) & (mood == number))
            sentence[rows] = fits[rng.integers(0, len(fits), len(rows))]
    # Complaints are answered first.
    answered = rng.random(size) < np.array([0.18, 0.3, 0.68])[mood]
    comments = Comments(
        platform=posts["platform"][post],
        post=posts["serial"][post],
        at=at,
        sentence=sentence,
        likes=rng.geometric(0.35, size) - 1,
        author=rng.integers(0, 90_000, size),
        replied_at=np.where(answered, at + 300 + rng.exponential(9 * 3600, size).astype(np.int64), NONE),
    )
    inside = (at >= window.start) & (at < window.end)
    comments = comments.take(inside)
    return comments.take(np.lexsort((comments.post, comments.platform, comments.at)))


def write_comments(scene: Scene, comments: Comments, landing: Landing) -> None:
    """commentaires_YYYY-MM-DD.csv, monthly: comments of the month, with the brand's answer if it came by then."""
    ends = scene.world.window.month_ends()
    files = [FileKey(f"commentaires_{day_of(int(end))}.csv", int(end)) for end in ends]
    month = np.searchsorted(ends, local_day(comments.at))
    book = comment_book()

    def cells(rows: Ints) -> Cells:
        part = comments.take(rows)
        month_ends_at = to_utc(ends[month[rows]] + 1, np.zeros(len(rows), dtype=np.int64))
        is_silent = (part.replied_at == NONE) | (part.replied_at >= month_ends_at)
        return {
            "platform": pick(pa.array(PLATFORMS), part.platform),
            "comment_id": _comment_ids(rows),
            "post_id": _post_ids(part.platform, part.post),
            "author": joined("@", pick(pa.array(_HANDLES), part.author % len(_HANDLES)), numbers(part.author)),
            "written_at": utc_text(part.at),
            "language": choose(book.is_english[part.sentence], "en", "fr"),
            "text": quoted(pick(book.text, part.sentence)),
            "likes": numbers(part.likes),
            "replied_at": blank(utc_text(np.maximum(part.replied_at, 0)), is_silent),
        }

    landing.write_text("social_comments", files, month, cells, Dialect())


def _comment_ids(rows: Ints) -> Text:
    return joined("CMT", padded(rows + 1, 8))


def write_followers(scene: Scene, landing: Landing) -> None:
    """abonnes_YYYY-MM-DD.csv, monthly: followers of each account at the end of each day."""
    window = scene.world.window
    rng = stream(scene.world.seed, "followers")
    days, ends = window.every_day(), window.month_ends()
    # The same growth as behind the posts' figures, with the comings and goings of a day.
    growth = 1 + 0.3 * (days - window.first + 31) / (window.days + 31)
    drift = np.cumsum(rng.normal(0, 0.0004, (len(PLATFORMS), len(days))), axis=1)
    followers = np.rint(np.array(_FOLLOWERS)[:, None] * growth * (1 + drift)).astype(np.int64)
    files = [FileKey(f"abonnes_{day_of(int(end))}.csv", int(end)) for end in ends]
    day, platform = (index.ravel() for index in np.indices((len(days), len(PLATFORMS))))

    def cells(rows: Ints) -> Cells:
        return {
            "platform": pick(pa.array(PLATFORMS), platform[rows]),
            "counted_on": date_text(days[day[rows]]),
            "followers": numbers(followers[platform[rows], day[rows]]),
        }

    landing.write_text("social_followers", files, np.searchsorted(ends, days[day]), cells, Dialect())


def truth_of_comments(comments: Comments) -> pd.DataFrame:
    """One row per comment: its language, topic and mood."""
    book = comment_book()
    return labels(
        "social_comments",
        _comment_ids(np.arange(len(comments), dtype=np.int64)),
        book.is_english[comments.sentence],
        book.topic[comments.sentence],
        book.mood[comments.sentence],
    )
