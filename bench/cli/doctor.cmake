# `bench doctor` apart from the other verbs: it needs neither torch nor anything that measures.
bench_library(bench_cli_doctor SOURCES doctor.cpp doctor_report.cpp LINKS bench_base bench_machine)
bench_test(doctor_test
  SOURCES doctor_test.cpp LINKS bench_cli_doctor bench_fake_nvml LABELS logic)
