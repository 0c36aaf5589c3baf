"""The engine as the supervisor sees it: a child process that takes rows and gives answers."""
