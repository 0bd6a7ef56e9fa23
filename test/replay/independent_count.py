#!/usr/bin/env python3
"""Counts page views by page and hour in access logs, to compare with what Millrace says.

It shares nothing with the product: another language, other ways to cut a line. The rules: GET, status 200 or 304, and the
path's last segment has no asset extension; the page is the target up to the first question mark, the hour is UTC.
"""
import calendar
import collections
import gzip
import json
import sys

ASSETS = tuple(
    """.css .js .mjs .map .png .jpg .jpeg .gif .xbm .ico .svg .webp .bmp .woff .woff2 .ttf .eot .otf .mp3 .mp4
    .mpg .mpeg .mov .avi .wav .zip .gz .tgz .tar .bz2 .rar .exe .pdf .xml .rss .json .txt""".split()
)
MONTHS = {name: n + 1 for n, name in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split())}


def seconds(text):
    """`20/May/2015:12:05:17 +0000` in seconds since 1970; ValueError when it is no date."""
    clock, zone = text.split(" ")
    date, hour, minute, second = clock.split(":")
    day, month, year = date.split("/")
    numbers = [int(year), MONTHS[month], int(day), int(hour), int(minute), int(second)]
    if not 1 <= numbers[2] <= calendar.monthrange(numbers[0], numbers[1])[1]:
        raise ValueError(text)
    offset = (int(zone[1:3]) * 60 + int(zone[3:5])) * 60
    return calendar.timegm((*numbers, 0, 0, 0)) - (offset if zone[0] == "+" else -offset)


def page_view(line):
    """(page, hour) of a line, or None."""
    try:
        before, rest = line.split("[", 1)
        time, rest = rest.split('] "', 1)
        request, rest = rest.split('" ', 1)
        status, _size = rest.split(" ")[:2]
        if len(before.split()) < 3 or not status.isdigit():
            return None
        second = seconds(time)
    except (ValueError, KeyError):
        return None
    words = request.split(" ")
    if words[0] != "GET" or status not in ("200", "304"):
        return None
    if words[-1].startswith("HTTP/"):
        words.pop()
    page = " ".join(words[1:]).split("?", 1)[0]
    last = page.rsplit("/", 1)[-1].lower()
    if "." in last and "." + last.rsplit(".", 1)[1] in ASSETS:
        return None
    return page, second - second % 3600


def main():
    files = [name for name in sys.argv[1:] if name != "--json"]
    views = collections.Counter()
    for name in files:
        opened = gzip.open(name, "rt", encoding="utf-8", errors="replace") if name.endswith(".gz") else open(name, encoding="utf-8", errors="replace")
        with opened as lines:
            for line in lines:
                found = page_view(line.rstrip("\n"))
                if found:
                    views[found] += 1
    rows = [
        {"page_id": page, "hour": hour, "views": count}
        for (page, hour), count in sorted(views.items(), key=lambda item: (item[0][0].encode(), item[0][1]))
    ]
    if "--json" in sys.argv:
        json.dump(rows, sys.stdout)
    else:
        for row in rows:
            print(row["views"], row["hour"], row["page_id"])


main()
