# What a person sees of a run: progress while it lasts, tables at its end. Knows no torch.
bench_library(bench_cli_text SOURCES columns.cpp progress.cpp table.cpp terminal.cpp
  LINKS bench_results bench_stats)
bench_test(cli_text_test SOURCES columns_test.cpp progress_test.cpp table_test.cpp terminal_test.cpp
  LINKS bench_cli_text LABELS logic)
