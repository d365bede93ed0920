"""What all processes of a machine share about those whom they ask: budgets, holds, breakers, how asking went."""
