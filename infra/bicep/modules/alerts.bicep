metadata description = 'Alerts on jobs, queues and the app itself, and who is told of them. What to do about each is in docs/operations.md.'

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Resource ID of Application Insights, to which descriptions link.')
param appInsightsId string

@description('Resource ID of the Log Analytics workspace that the alerts ask.')
param logAnalyticsId string

@description('Resource ID of the storage account with the queues of the app.')
param opsAccountId string

@description('Address that alerts are mailed to; empty shows them in the portal only.')
param email string = ''

@description('Name of the action group that mails.')
param actionGroupName string

@description('Jobs in the queue for half an hour that are too many.')
@minValue(1)
param jobLimit int = 20

@description('Messages in all queues of the account that are too many. A job in work has less than ten.')
@minValue(1)
param messageLimit int = 1000

@export()
@description('A question to the logs and the answer that raises an alert.')
type rule = {
  @description('Ends the name of the alert.')
  name: string

  @description('Title of the alert.')
  title: string

  @description('Heading in docs/operations.md under which it says what to do.')
  runbook: string

  @description('1 the app does not work, 2 a job needs somebody, 3 worth a look.')
  severity: 1 | 2 | 3

  @description('The question, in Kusto.')
  query: string

  @description('Minutes that each question looks back: ten more than between two questions, since lines come late.')
  minutes: 15 | 30

  @description('Column of numbers whose lowest value counts; without it, rows are counted.')
  column: string?

  @description('Column by which alerts are kept apart, so that one cause is one alert however many jobs it meets.')
  by: string?

  @description('Whether more or less than the threshold raises the alert.')
  operator: 'GreaterThan' | 'LessThan'

  @description('The threshold.')
  threshold: int
}

var tellings = '''
AppDependencies
| where Name == "reelbrush.step.tell_event"
| extend Event = tostring(Properties["reelbrush.event"]), Job = tostring(Properties["reelbrush.job_id"]),
    Code = tostring(Properties["reelbrush.code"]), Error = tostring(Properties["reelbrush.error"]),
    Page = tostring(Properties["reelbrush.link"])
| project TimeGenerated, Event, Job, Code, Error, Page
'''

var rules rule[] = [
  {
    name: 'job-failed'
    title: 'Reelbrush: a job failed'
    runbook: 'A job failed'
    severity: 2
    query: '${tellings}| where Event == "failed"'
    minutes: 30
    by: 'Code'
    operator: 'GreaterThan'
    threshold: 0
  }
  {
    name: 'job-stuck'
    title: 'Reelbrush: a job does not move'
    runbook: 'A job does not move'
    severity: 2
    query: '${tellings}| where Event == "stuck"'
    minutes: 30
    operator: 'GreaterThan'
    threshold: 0
  }
  {
    name: 'no-nodes'
    title: 'Reelbrush: the cluster gives no nodes'
    runbook: 'No node comes'
    severity: 3
    query: '''
      AppMetrics
      | where Name == "reelbrush.waits" and tostring(Properties["reelbrush.reason"]) in ("error", "silent")
    '''
    minutes: 30
    operator: 'GreaterThan'
    threshold: 0
  }
  {
    name: 'poison-message'
    title: 'Reelbrush: an upload was given up'
    runbook: 'An upload was given up'
    severity: 1
    query: '''
      AppTraces
      | where Message has "MaxDequeueCount" and Message has "poison"
      | project TimeGenerated, Message, OperationId
    '''
    minutes: 15
    operator: 'GreaterThan'
    threshold: 0
  }
  {
    name: 'jobs-pile-up'
    title: 'Reelbrush: jobs pile up'
    runbook: 'Jobs pile up'
    severity: 3
    query: '''
      AppMetrics
      | where Name == "reelbrush.open_jobs" and tostring(Properties["reelbrush.phase"]) == "queued"
      | project TimeGenerated, Queued = Max
    '''
    minutes: 30
    column: 'Queued'
    operator: 'GreaterThan'
    threshold: jobLimit
  }
  {
    name: 'app-silent'
    title: 'Reelbrush: the app does not work'
    runbook: 'The app does not work'
    severity: 1
    query: '''
      AppMetrics
      | where Name == "reelbrush.open_jobs"
    '''
    minutes: 15
    operator: 'LessThan'
    threshold: 1
  }
]

var suffix = take(uniqueString(appInsightsId), 5)
var where = 'Workbook Reelbrush: ${environment().portal}/#resource${appInsightsId}/workbooks'

resource operators 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(email)) {
  name: actionGroupName
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'reelbrush'
    enabled: true
    emailReceivers: [
      {
        name: 'operators'
        emailAddress: email
        useCommonAlertSchema: true
      }
    ]
  }
}

var actionGroups = empty(email) ? [] : [operators.id]

resource alerts 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for rule in rules: {
    name: 'reelbrush-${rule.name}-${suffix}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: rule.title
      description: 'What to do: docs/operations.md, "${rule.runbook}". ${where}'
      severity: rule.severity
      enabled: true
      scopes: [logAnalyticsId]
      // a rule that asks less often costs less
      evaluationFrequency: rule.severity == 1 ? 'PT5M' : 'PT15M'
      windowSize: 'PT${rule.minutes}M'
      autoMitigate: true
      // a new workspace may not have a table yet
      skipQueryValidation: true
      criteria: {
        allOf: [
          {
            query: rule.query
            timeAggregation: empty(rule.?column) ? 'Count' : 'Minimum'
            metricMeasureColumn: rule.?column
            dimensions: empty(rule.?by)
              ? []
              : [
                  {
                    name: rule.?by!
                    operator: 'Include'
                    values: ['*']
                  }
                ]
            operator: rule.operator
            threshold: rule.threshold
            failingPeriods: {
              numberOfEvaluationPeriods: 1
              minFailingPeriodsToAlert: 1
            }
          }
        ]
      }
      actions: {
        actionGroups: actionGroups
      }
    }
  }
]

// Azure counts messages once an hour.
resource messages 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: 'reelbrush-messages-pile-up-${suffix}'
  location: 'global'
  tags: tags
  properties: {
    description: 'What to do: docs/operations.md, "Messages pile up". ${where}'
    severity: 3
    enabled: true
    autoMitigate: true
    scopes: ['${opsAccountId}/queueServices/default']
    evaluationFrequency: 'PT1H'
    windowSize: 'PT1H'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          name: 'messages'
          criterionType: 'StaticThresholdCriterion'
          metricName: 'QueueMessageCount'
          timeAggregation: 'Average'
          operator: 'GreaterThan'
          threshold: messageLimit
        }
      ]
    }
    actions: [for group in actionGroups: { actionGroupId: group }]
  }
}
