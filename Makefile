# Two commands: make lab, make test. Each sets up .venv first and is quick the second time.
PYTHON ?= python3
RUN = @$(PYTHON) -m kejigai_data._build.env
export PORT

.PHONY: lab test test-all notebooks generated handouts slides site app hub bundle pins benchmark lint

lab:
	$(RUN) lab

test:
	$(RUN) test

test-all:
	$(RUN) test-all

notebooks:
	$(RUN) notebooks

generated:
	$(RUN) generated

handouts:
	$(RUN) handouts

slides:
	$(RUN) slides

site:
	$(RUN) site

app:
	$(RUN) app

hub:
	$(RUN) hub

bundle:
	$(RUN) bundle

pins:
	$(RUN) pins

benchmark:
	$(RUN) benchmark

lint:
	$(RUN) lint
