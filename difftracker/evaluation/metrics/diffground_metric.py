"""The metric of validation and test."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger

from difftracker.datasets.annotations import read_annotations
from difftracker.errors import ConfigError
from difftracker.evaluation.report_format import format_report
from difftracker.evaluation.score_predictions import score_predictions
from difftracker.registry import METRICS
from difftracker.utils.files import write_json, write_jsonl


@METRICS.register_module()
class DiffGroundMetric(BaseMetric):
    """Scores the predictions of `pred_queries` against an annotation file.

    Only the pairs that were run are scored; where that is not all of the file, the log says so. The full report stays
    in `report`.

    Args:
        ann_file: Annotation file; a relative path starts at `data_root`.
        data_root: As for the data set.
        score_threshold: Boxes with at least this score are the decision.
        out_file: Where to write the report (`.json`); the predictions go beside it as `.predictions.jsonl`.
        log_report: Write the whole table to the log.
        swapped: The pairs were read with their images exchanged (`SwapImages`); the true boxes are exchanged too.
        collect_device: Where parts of several processes meet.
        prefix: Put before the names of the figures.
    """

    default_prefix = 'diffground'

    def __init__(
        self,
        ann_file: str,
        data_root: str = '',
        score_threshold: float = 0.0,
        out_file: str | None = None,
        log_report: bool = True,
        swapped: bool = False,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        if out_file is not None and not str(out_file).endswith('.json'):
            raise ConfigError(f'out_file of DiffGroundMetric must end in .json, found {out_file}')
        # Joining keeps an absolute path as it is.
        self.ann_file = os.path.join(data_root, ann_file)
        self.score_threshold = score_threshold
        self.out_file = None if out_file is None else str(out_file)
        self.log_report = log_report
        self.swapped = swapped
        self.report: dict | None = None

    def process(self, data_batch: Any, data_samples: Sequence[Any]) -> None:
        """Keeps the predictions of a batch in the prediction format."""
        kinds = (self.dataset_meta or {}).get('kinds')
        for sample in data_samples:
            item = sample if isinstance(sample, dict) else sample.to_dict()
            # One entry per pair, not per query: mmengine cuts the list to the length of the data set.
            self.results.append(
                [
                    _prediction(item['pair_id'], query_id, found, kinds)
                    for query_id, found in zip(item['query_ids'], item['pred_queries'], strict=True)
                ]
            )

    def compute_metrics(self, results: list[list[dict]]) -> dict[str, float]:
        """Scores all predictions; returns the report's summary."""
        predictions = [prediction for pair in results for prediction in pair]
        records = read_annotations(self.ann_file)
        if self.swapped:
            records = [record.swapped() for record in records]
        seen = {prediction['pair_id'] for prediction in predictions}
        run = [record for record in records if record.pair_id in seen]
        logger = MMLogger.get_current_instance()
        asked = sum(bool(record.queries) for record in records)
        if len(run) < asked:
            logger.warning(f'{self.ann_file}: {len(run)} of {asked} pairs with queries were run and are scored')
        self.report = score_predictions(run, predictions, self.score_threshold)
        if self.log_report:
            logger.info('\n' + format_report(self.report))
        if self.out_file is not None:
            write_json(self.out_file, self.report)
            write_jsonl(self.out_file.removesuffix('.json') + '.predictions.jsonl', predictions)
        return dict(self.report['summary'])


def _prediction(pair_id: str, query_id: str, found: Any, kinds: Sequence[str] | None) -> dict:
    item = {
        'pair_id': pair_id,
        'query_id': query_id,
        'boxes': found.boxes.tolist(),
        'scores': found.scores.tolist(),
    }
    if 'before_boxes' in found:
        item['before_boxes'] = found.before_boxes.tolist()
    if 'kinds' in found and kinds is not None:
        item['kinds'] = [kinds[kind] for kind in found.kinds.tolist()]
    if 'no_change_score' in found:
        item['no_change_score'] = float(found.no_change_score)
    return item
