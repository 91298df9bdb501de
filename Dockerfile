# The server, without a GPU. The run is mounted, so one image serves any:
#
#     docker build -t synner .
#     docker run --rm -p 8000:8000 -v "$PWD/runs/sample:/run/synner:ro" synner
FROM python:3.11-slim

# The compiler makes the kernels of the first request; without it slower ones serve.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends g++ \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /app
COPY constraints.txt ./
# PyTorch without CUDA, and alone: a change of the program does not fetch it again.
RUN grep '^torch==' constraints.txt > torch.txt \
    && pip install --no-cache-dir --index-url https://download.pytorch.org/whl/cpu -r torch.txt
COPY pyproject.toml README.md LICENSE ./
COPY configs ./configs
COPY datasets ./datasets
COPY synner_graph ./synner_graph
RUN pip install --no-cache-dir -c constraints.txt '.[minilm,serve]'

RUN useradd --create-home synner
USER synner
ENV SYNNER_CACHE_DIR=/tmp/synner
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health', timeout=4)"]
ENTRYPOINT ["synner", "serve", "/run/synner"]
CMD ["--host", "0.0.0.0", "--port", "8000"]
