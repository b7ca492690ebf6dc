metadata description = 'Alerts on jobs, queues and the app itself, and who is told of them.'

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Resource id of Application Insights.')
param appInsightsId string

@description('Resource id of the Log Analytics workspace that the alerts ask.')
param logAnalyticsId string

@description('Resource id of the storage account with the queues of the app.')
param opsAccountId string

@description('Address that alerts are mailed to; empty shows them in the portal only.')
param email string = ''

@description('Name of the action group that mails.')
param actionGroupName string

var suffix = take(uniqueString(appInsightsId), 5)

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

resource jobFailed 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = {
  name: 'reelbrush-job-failed-${suffix}'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: 'Reelbrush: a job failed'
    description: 'docs/operations.md'
    severity: 2
    enabled: true
    scopes: [logAnalyticsId]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    criteria: {
      allOf: [
        {
          query: 'AppMetrics | where Name == "reelbrush.jobs" and tostring(Properties["reelbrush.event"]) == "failed"'
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: 0
        }
      ]
    }
    actions: {
      actionGroups: actionGroups
    }
  }
}

resource queueGrowth 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: 'reelbrush-queue-growth-${suffix}'
  location: 'global'
  tags: tags
  properties: {
    description: 'docs/operations.md'
    severity: 2
    enabled: true
    scopes: ['${opsAccountId}/queueServices/default']
    evaluationFrequency: 'PT15M'
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
          threshold: 1000
        }
      ]
    }
    actions: [for group in actionGroups: { actionGroupId: group }]
  }
}
