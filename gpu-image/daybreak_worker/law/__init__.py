"""The commit law, design section 4: a task may be attempted any number of times, and one answer is chosen."""
