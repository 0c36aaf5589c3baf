"""The worker that takes the tasks of a stage `infer` through a model. docs/workers.md has it in words."""
