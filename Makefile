# bcdata: `make demo` and `make test` set up what they need themselves.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# What looks like a secret and is none: made-up passwords of tests and guides, alphabets, keys of objects.
NO_SECRET := ^(hush|some|other|demo|secret-of-mine|SECR{}ETX|word|pass|password|xyz|s3cret|hunter2.*|abcdefghijklmnopqrstuvwxyz/|0?123456789abcdef0?)$$
NO_SECRET_KEY := ^(data|gaps|quarantine)/

# Tests start hundreds of processes: each would compile bcdata anew where the environment forbids to keep what was compiled.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help demo test slow campaign check dev docs bench lock clean
help: ## what there is to make
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:[^#]*## */\t/' | expand -t 10

$(READY): pyproject.toml requirements.lock
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(READY) ## the main job on a loopback exchange, without a network
	$(BIN)/bcdata demo

test: $(READY) ## the tests, but for the slow ones
	$(BIN)/python -m pytest -n 3 --dist loadfile

slow: $(READY) ## the tests that take longer: end to end, kills, most of the other cases of whole runs
	$(BIN)/python -m pytest -n 2 --dist loadfile -m slow

campaign: $(READY) ## hours of broken objects, flipped bits, faulty calls, power cuts and kills (SEEDS=400 FLIPS=10000 CALLS=100000 CUTS=10000 KILLS=1000 DAEMON_KILLS=100 SEED=1)
	BCDATA_CAMPAIGN_SEEDS=$(or $(SEEDS),400) BCDATA_FLIPS=$(or $(FLIPS),10000) $(BIN)/python -m pytest -n 0 \
		bcdata_tests/scenarios/test_one_broken_object.py bcdata_tests/scenarios/test_flips.py
	BCDATA_CAMPAIGN_CASES=all $(BIN)/python -m pytest -n 2 --dist loadfile -m "slow or not slow" \
		bcdata_tests/pipeline bcdata_tests/healing bcdata_tests/scenarios bcdata_tests/evidence bcdata_tests/adoption/test_many.py bcdata_tests/quality/damage/test_found.py \
		$$(grep -rlE 'one_in\([0-9]+, slow=' --include='test_*.py' bcdata_tests)
	BCDATA_CAMPAIGN_SEED=$(or $(SEED),1) BCDATA_CAMPAIGN_CALLS=$(or $(CALLS),100000) $(BIN)/python -m pytest -n 0 -s \
		bcdata_tests/scenarios/test_faulty_calls.py
	BCDATA_CAMPAIGN_SEED=$(or $(SEED),1) BCDATA_CAMPAIGN_CUTS=$(or $(CUTS),10000) BCDATA_CAMPAIGN_KILLS=$(or $(KILLS),1000) \
	BCDATA_CAMPAIGN_DAEMON_KILLS=$(or $(DAEMON_KILLS),100) $(BIN)/python -m pytest -n 0 -s -m slow \
		bcdata_tests/scenarios/test_power_cuts.py bcdata_tests/scenarios/test_kills.py bcdata_tests/scenarios/test_daemon_kills.py

check: $(READY) ## linter, formatter, type checker; scans for unsafe code, and for secrets in all files that git knows
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/bandit --quiet --recursive bcdata
	git ls-files -z | xargs -0 $(BIN)/detect-secrets-hook --exclude-files '^(requirements\.lock|bcdata_tests/scenarios/same_bytes\.json|bcdata_tests/pipeline/records/before/.*)$$' \
	--exclude-secrets '$(NO_SECRET)' --exclude-secrets '$(NO_SECRET_KEY)'

dev: $(READY) ## the Dagster UI with its daemon, on http://127.0.0.1:3000
	mkdir -p data
	@echo "From the start sensors see to what you have materialized, and ask the network for rows that it lacks and files that are damaged;"
	@echo "schedules, and the sensors universe, republished and (where the catalog has a universe) discover_symbols, wait to be turned on."
	PYTHONWARNINGS="ignore:Function \`dev_command\` is superseded" DAGSTER_HOME=$(CURDIR) \
	$(BIN)/dagster dev --workspace workspace.yaml --host 127.0.0.1 --port 3000

docs: $(READY) ## the documentation as a site, in site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build

bench: $(READY) ## the benchmark tables (run nothing else meanwhile)
	$(BIN)/python -m benchmarks

lock: ## pin what pyproject.toml asks for, with hashes; pins that still fit stay (UPGRADE=--upgrade takes the newest)
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/python -m pip install --quiet --disable-pip-version-check pip-tools
	$(VENV)-lock/bin/pip-compile --quiet --generate-hashes --all-extras --allow-unsafe --strip-extras --no-annotate \
	--no-header --no-emit-index-url --no-emit-find-links --no-emit-trusted-host $(UPGRADE) --output-file requirements.lock pyproject.toml
	rm -rf $(VENV)-lock

clean: ## remove the environment and caches; data stays
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache
