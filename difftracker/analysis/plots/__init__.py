"""Pictures of figures; matplotlib without a window."""

from .confusion_plot import plot_confusion
from .difference_plot import plot_differences
from .error_plot import plot_errors
from .precision_recall_plot import plot_precision_recall
from .reliability_plot import plot_reliability
from .threshold_plot import plot_thresholds

__all__ = [
    'plot_confusion',
    'plot_differences',
    'plot_errors',
    'plot_precision_recall',
    'plot_reliability',
    'plot_thresholds',
]
