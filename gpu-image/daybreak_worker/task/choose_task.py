"""Which task a worker takes next. Pure: what is known of others comes in."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence


def choose_task(
    ready: Sequence[str],
    *,
    share: tuple[int, int],
    passed: Collection[str],
    taken: Mapping[str, str],
) -> str | None:
    """A task of `ready`, which are the tasks that count, in task order.

    The front of the own share, which is the `share[0]`-th of `share[1]` even parts; then the ends of the others', from
    the next one on, so that thieves rarely meet. `passed` are those with a commit and those that this worker has open.
    What others have open (`taken`: since when) is left out until nothing else is left; then the longest open one is
    done again, for its owner may be slow, or dead.
    """
    index, of = share
    free = [task not in passed and task not in taken for task in ready]
    own, *others = [_share(len(ready), (index + step) % of, of) for step in range(of)]
    for position in own:
        if free[position]:
            return ready[position]
    for other in others:
        for position in reversed(other):
            if free[position]:
                return ready[position]
    doubtful = [task for task in ready if task not in passed]
    return min(doubtful, key=lambda task: (taken[task], task)) if doubtful else None


def _share(tasks: int, index: int, of: int) -> range:
    """Contiguous, so that rows with a prefix in common stay in one engine."""
    return range(index * tasks // of, (index + 1) * tasks // of)
