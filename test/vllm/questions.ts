/** Short questions for a small model, whose answers transformers gives too. */
export const QUESTIONS: readonly string[] = [
  'What is the capital of France?',
  'Name three colours.',
  'Write one sentence about the sea.',
  'What is 2 + 2?',
  'Who wrote Hamlet?',
  'Give a synonym of happy.',
  'What do bees make?',
  "Translate 'good morning' into French.",
  'Describe a tree in one sentence.',
  'What is the opposite of cold?',
  'List two animals that fly.',
  'Why is the sky blue?',
  'What colour is snow?',
  'Tell me a fact about the moon.',
  'How many legs has a spider?',
  'What is water made of?',
];
