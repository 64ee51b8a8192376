"""How far a replay is whose variants run side by side."""

import threading


class ReplayProgress:
    """Counts the days that threads have gone through, and stops all when one fails.

    >>> told = []
    >>> progress = ReplayProgress(4, told.append)
    >>> for day in range(4):
    ...     progress.step(day)
    >>> told
    [25, 50, 75, 100]
    >>> progress.fail(ValueError("No more disk"))
    >>> progress.step(4)
    Traceback (most recent call last):
    ValueError: No more disk
    """

    def __init__(self, days, tell):
        """
        :param int days: of all variants together
        :param tell: function of the percentage, called whenever it grew, by one thread
            at a time
        """
        self.error = None
        """the first exception that stopped a thread"""
        self._days, self._tell = days, tell
        self._done = self._percent = 0
        self._lock = threading.Lock()

    def step(self, _day):
        """A thread is through with a day.

        :raise Exception: what stopped another thread
        """
        with self._lock:
            if self.error:
                raise self.error
            self._done += 1
            percent = 100 * self._done // self._days
            if percent > self._percent:
                self._percent = percent
                self._tell(percent)

    def fail(self, error):
        """A thread cannot go on."""
        self.error = self.error or error
