# What a person sees of a run: progress while it lasts, tables at its end. Knows no torch.
bench_library(bench_cli_text SOURCES ab_table.cpp baseline_lookup.cpp baseline_verb.cpp chosen_cases.cpp columns.cpp compare_verb.cpp comparison_table.cpp escalation.cpp explain_table.cpp explain_verb.cpp injection.cpp plausibility.cpp progress.cpp rates_table.cpp replicate_plan.cpp report_verb.cpp kernel_matrix.cpp kernel_table.cpp table.cpp terminal.cpp
  LINKS bench_compare bench_results bench_stats CLI11::CLI11)
bench_test(cli_text_test SOURCES ab_table_test.cpp columns_test.cpp escalation_test.cpp explain_table_test.cpp plausibility_test.cpp progress_test.cpp replicate_plan_test.cpp kernel_matrix_test.cpp kernel_table_test.cpp table_test.cpp terminal_test.cpp
  LINKS bench_cli_text LABELS logic)
