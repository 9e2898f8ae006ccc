"""Social networks: one row per post with its figures after thirty days, one file per platform and month."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from dagster_project.simulator.calendar import date_text, day_of, to_utc, utc_text
from dagster_project.simulator.columns import Ints, joined, numbers, padded, pick, stream
from dagster_project.simulator.records import Scene
from dagster_project.simulator.render import Cells
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


def write_posts(scene: Scene, landing: Landing) -> None:
    """<platform>_posts_YYYY-MM-DD.csv, monthly: posts whose thirty days ended in the month."""
    window = scene.world.window
    rng = stream(scene.world.seed, "social")
    month_ends = window.month_ends()
    begin = window.first - 31
    files = []
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
        values = {
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
        for position, end in enumerate(month_ends):
            start = month_ends[position - 1] if position else window.first - 1
            inside = np.flatnonzero((measured > start) & (measured <= end))
            files.append((int(end), number, {name: column[inside] for name, column in values.items()}))
    files.sort(key=lambda item: (item[0], item[1]))
    keys = [FileKey(f"{PLATFORMS[number]}_posts_{day_of(end)}.csv", end) for end, number, _ in files]
    table = {name: np.concatenate([part[name] for _, _, part in files]).astype(np.int64) for name in files[0][2]}
    file = np.repeat(np.arange(len(files)), [len(part["day"]) for _, _, part in files])

    def cells(chosen: Ints) -> Cells:
        part = {name: column[chosen] for name, column in table.items()}
        return {
            "platform": pick(pa.array(PLATFORMS), part["platform"]),
            "post_id": joined(
                pick(pa.array(["ig_", "fb_", "tt_", "yt_"]), part["platform"]), padded(part["serial"] + 1, 6)
            ),
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
