"""One task of a stage `infer`: from the pieces that it reads to the block and the commit that it writes."""
