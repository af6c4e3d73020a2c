"""Reports of results: Markdown, HTML, figures, exports. `bench report` starts it; README.md says what it writes.

It shows what bench/compare decided and decides nothing itself."""
