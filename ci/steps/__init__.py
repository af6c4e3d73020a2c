"""What the scripts in ci/ share. Standard library only; importable by any Python >= 3.8."""
