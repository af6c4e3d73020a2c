# What compares results and keeps baselines is in bench_cli_text; its tests write files.
bench_test(cli_compare_test SOURCES baseline_verb_test.cpp compare_verb_test.cpp comparison_table_test.cpp
  LINKS bench_cli_text LABELS logic)
